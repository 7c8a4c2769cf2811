// source.c: where a finding stands in its user's own tree, and what stands there.
#include "source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LONGEST_LINE 200
#define LARGEST_SOURCE (16 << 20)

// Decodes %XX in place.
static void decode(char *text) {
  char *to = text;
  for (const char *at = text; *at; at++) {
    char digits[3] = {at[0] == '%' ? at[1] : '\0', at[0] == '%' && at[1] ? at[2] : '\0', '\0'};
    char *end;
    long byte = strtol(digits, &end, 16);
    if (digits[0] && digits[1] && end == digits + 2 && byte >= 0x20) {
      *to++ = (char)byte;
      at += 2;
    } else {
      *to++ = *at;
    }
  }
  *to = '\0';
}

const char *nck_source_path(struct nck_arena *arena, const char *path) {
  static const char url[] = "file://";
  bool is_url = !strncmp(path, url, sizeof url - 1);
  // Room for the slash that the last part gets in passing.
  char *copy = nck_arena_take(arena, strlen(path) + 2);
  strcpy(copy, is_url ? path + sizeof url - 1 : path);
  if (is_url) {
    decode(copy);
    // What was hidden in the URL may be anything.
    char *clean = nck_arena_clean(arena, copy);
    copy = nck_arena_take(arena, strlen(clean) + 2);
    strcpy(copy, clean);
  }
  size_t scheme = strspn(copy, "abcdefghijklmnopqrstuvwxyz+-");
  if (copy[0] == '<' || (scheme > 1 && copy[scheme] == ':') ||
      (!strchr(copy, '/') && !strchr(copy, '.')))
    return "";
  nck_report_normalise(copy);
  return copy;
}

const char *nck_source_relative(struct nck_arena *arena, const char *root, const char *path) {
  const char *clean = nck_source_path(arena, path);
  size_t n = strlen(root);
  if (*clean && *clean != '/')
    return strncmp(clean, "../", 3) != 0 ? clean : NULL;
  if (!n || strncmp(clean, root, n) != 0 || clean[n] != '/' || !clean[n + 1])
    return NULL;
  return clean + n + 1;
}

const char *nck_source_root(const struct nck_report *report, struct nck_arena *arena) {
  const char *cwd = report->n_processes ? report->processes[0]->cwd : "";
  if (*cwd != '/')
    return "";
  char *folder = nck_arena_print(arena, "%s", cwd);
  for (char *end = folder + strlen(folder); end > folder;) {
    *end = '\0';
    if (access(nck_arena_print(arena, "%s/.git", folder), F_OK) == 0)
      return folder;
    while (end > folder && *--end != '/')
      ;
  }
  return cwd[1] ? cwd : "";
}

static bool is_foreign(const char *relative) {
  return !strncmp(relative, "node_modules/", 13) || strstr(relative, "/node_modules/") != NULL;
}

// Frames in the order of their worth; the first that has the best rank is taken.
enum rank { UNKNOWN, ELSEWHERE, FOREIGN, OWN };

struct search {
  struct nck_arena *arena;
  const char *root;
  struct nck_source best;
  enum rank rank;
};

static void consider(struct search *search, const char *path, uint32_t line, uint32_t column) {
  if (!*path || !line || search->rank == OWN)
    return;
  const char *relative = nck_source_relative(search->arena, search->root, path);
  const char *absolute = relative ? relative : nck_source_path(search->arena, path);
  enum rank rank = relative    ? is_foreign(relative) ? FOREIGN : OWN
                   : *absolute ? ELSEWHERE
                               : UNKNOWN;
  if (rank <= search->rank)
    return;
  search->rank = rank;
  search->best = (struct nck_source){absolute, relative != NULL, line, column};
}

static void consider_module(struct search *search, const char *path) {
  const char *relative = nck_source_relative(search->arena, search->root, path);
  search->best.path = relative ? relative : nck_source_path(search->arena, path);
  search->best.relative = relative != NULL;
}

struct nck_source nck_source_find(const struct nck_report_finding *finding, const char *root,
                                  struct nck_arena *arena) {
  struct search search = {.arena = arena, .root = root, .best = {.path = ""}};
  for (uint32_t i = 0; i < finding->n_stacks; i++) {
    const struct nck_report_stack *stack = &finding->stacks[i];
    const struct nck_report_frame *site = nck_report_stack_site(stack);
    if (site)
      consider(&search, site->path, site->line, site->column);
    for (uint32_t f = 0; f < stack->n_frames; f++) {
      if (stack->frames[f].addon)
        consider(&search, stack->frames[f].path, stack->frames[f].line, stack->frames[f].column);
    }
    for (uint32_t f = 0; f < stack->n_js; f++)
      consider(&search, stack->js[f].path, stack->js[f].line, stack->js[f].column);
  }
  if (search.rank == UNKNOWN && finding->module)
    consider_module(&search, finding->module->path);
  if (search.rank == UNKNOWN && !*search.best.path)
    consider_module(&search, finding->process->exe);
  return search.best;
}

static bool is_older(const struct stat *source, const struct stat *addon) {
  return source->st_mtim.tv_sec != addon->st_mtim.tv_sec
             ? source->st_mtim.tv_sec < addon->st_mtim.tv_sec
             : source->st_mtim.tv_nsec <= addon->st_mtim.tv_nsec;
}

const char *nck_source_line(const struct nck_report_frame *frame, struct nck_arena *arena) {
  struct stat source, addon;
  if (!frame->line || *frame->path != '/' || !frame->module ||
      stat(frame->module->path, &addon) != 0 || stat(frame->path, &source) != 0 ||
      !S_ISREG(source.st_mode) || source.st_size > LARGEST_SOURCE || !is_older(&source, &addon))
    return "";
  FILE *file = fopen(frame->path, "re");
  if (!file)
    return "";
  char text[LONGEST_LINE + 1];
  size_t length = 0;
  uint32_t line = 1;
  for (int c; line <= frame->line && (c = getc(file)) != EOF; line += c == '\n') {
    if (line == frame->line && c != '\n' && length < LONGEST_LINE)
      text[length++] = c == '\t' ? ' ' : (char)c;
  }
  fclose(file);
  while (length && strchr(" \r", text[length - 1]))
    length--;
  text[length] = '\0';
  // A lone brace says nothing.
  const char *clean = nck_arena_clean(arena, text + strspn(text, " "));
  return strlen(clean) > 2 ? clean : "";
}
