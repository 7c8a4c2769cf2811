// html.c: a report as one page that needs nothing else: the page (reports/html) and its data.
//
// All that comes from the program is data in a JSON block, where `<` and `>` are escaped so that no
// text can end the block; the page's policy lets no other script run. Source files are named by
// debug information, that is by a stranger: only what has a source file's name is read.
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "html_page.h"
#include "json.h"
#include "pages.h"
#include "render.h"
#include "source.h"

#define LARGEST_SOURCE (4u << 20)
#define MOST_FILES 500u
#define MOST_LINES 20000u
#define AROUND 3u
#define LONGEST_LINE 240u

struct sources {
  json_t *json; // path to an object of line number to text
  struct nck_arena arena;
  size_t n_files, n_lines;
};

static bool is_source_name(const char *path) {
  static const char *const suffixes[] = {
      "c",  "cc",  "cpp", "cxx", "c++", "h",  "hh",  "hpp", "hxx", "rs",  "js",  "mjs", "cjs",
      "ts", "mts", "m",   "mm",  "zig", "go", "tcc", "inl", "jsx", "cts", "tsx", "ipp"};
  const char *slash = strrchr(path, '/'), *dot = strrchr(slash ? slash : path, '.');
  for (size_t i = 0; dot && i < sizeof suffixes / sizeof *suffixes; i++) {
    if (!strcmp(dot + 1, suffixes[i]))
      return true;
  }
  return false;
}

// The whole file, NUL-terminated; NULL when there is none to be had. The caller frees.
static char *read_source(const char *path) {
  struct stat status;
  int fd = nck_file_open(path, &status);
  if (fd < 0)
    return NULL;
  char *text = NULL;
  if (status.st_size > 0 && status.st_size <= LARGEST_SOURCE) {
    text = nck_memory_take((size_t)status.st_size + 1, 1);
    ssize_t n = read(fd, text, (size_t)status.st_size);
    text[n > 0 ? n : 0] = '\0';
  }
  close(fd);
  return text;
}

// What is kept of a file: its text is read once, lines are taken when they are asked for.
struct source_file {
  char *text;
  json_t *lines;
};

static void add_lines(struct sources *sources, struct source_file *file, uint32_t line) {
  uint32_t number = 1, first = line > AROUND ? line - AROUND : 1;
  for (const char *at = file->text; *at && number <= line + AROUND; number++) {
    size_t length = strcspn(at, "\n");
    if (number >= first && sources->n_lines < MOST_LINES) {
      char key[16];
      snprintf(key, sizeof key, "%u", number);
      if (!json_object_get(file->lines, key)) {
        // Tabs keep their width.
        struct nck_text text = {0};
        nck_text_add_n(&text, "", 0);
        for (size_t i = 0; i < length && i < LONGEST_LINE && at[i] != '\r'; i++)
          nck_text_add_n(&text, at[i] == '\t' ? "    " : &at[i], at[i] == '\t' ? 4 : 1);
        json_object_set_new(file->lines, key,
                            json_string(nck_arena_clean(&sources->arena, text.text)));
        nck_text_drop(&text);
        sources->n_lines++;
      }
    }
    at += length;
    at += *at == '\n';
  }
}

static void add_source(struct sources *sources, struct nck_map *files, const char *path,
                       uint32_t line) {
  if (!line || line > INT32_MAX || !is_source_name(path))
    return;
  void **place = nck_map_place(files, nck_map_hash(path));
  struct source_file *file = *place;
  if (!file) {
    *place = file = nck_arena_take(&sources->arena, sizeof *file);
    const char *clean = nck_source_path(&sources->arena, path);
    if (*clean == '/' && sources->n_files < MOST_FILES && (file->text = read_source(clean))) {
      sources->n_files++;
      file->lines = json_object();
      json_object_set_new(sources->json, path, file->lines);
    }
  }
  if (file->text)
    add_lines(sources, file, line);
}

// Around the frames that the page unfolds: the addon's frame that says most, and the JavaScript
// that called.
static void add_stack(struct sources *sources, struct nck_map *files,
                      const struct nck_report_stack *stack) {
  for (uint32_t i = 0; i < stack->n_frames; i++) {
    const struct nck_report_frame *frame = &stack->frames[i];
    if (frame->addon && !frame->binding)
      add_source(sources, files, frame->path, frame->line);
  }
  if (stack->n_js)
    add_source(sources, files, stack->js[0].path, stack->js[0].line);
}

static json_t *build_sources(const struct nck_report *report) {
  struct sources sources = {.json = json_object()};
  struct nck_map files = {0};
  for (size_t i = 0; i < report->n_findings; i++) {
    for (uint32_t s = 0; s < report->findings[i]->n_stacks; s++)
      add_stack(&sources, &files, &report->findings[i]->stacks[s]);
  }
  for (size_t i = 0; i < files.n_slots; i++) {
    const struct source_file *file = files.slots[i].value;
    if (file)
      free(file->text);
  }
  nck_map_drop(&files);
  nck_arena_drop(&sources.arena);
  return sources.json;
}

static json_t *build_sites(const struct nck_report *report) {
  json_t *array = json_array();
  for (size_t i = 0; i < report->n_sites; i++)
    json_array_append_new(array, nck_json_build_site(report->sites[i]));
  return array;
}

// The pages of the kinds that occur, as text.
static json_t *build_pages(const struct nck_report *report) {
  json_t *json = json_object();
  for (size_t i = 0; i < report->n_findings; i++) {
    const struct nck_kind *kind = &nck_kinds[report->findings[i]->kind];
    if (json_object_get(json, kind->word))
      continue;
    char *text = nck_page_text(nck_pages[report->findings[i]->kind]);
    if (text)
      json_object_set_new(json, kind->word, json_string(text));
    free(text);
  }
  return json;
}

// In JSON these stand in strings only, where they may be written as escapes.
static int write_escaped(const char *buffer, size_t size, void *arg) {
  FILE *out = arg;
  for (size_t i = 0; i < size; i++) {
    if (buffer[i] == '<' || buffer[i] == '>' || buffer[i] == '&')
      fprintf(out, "\\u%04x", (unsigned)buffer[i]);
    else
      putc(buffer[i], out);
  }
  return 0;
}

void nck_html_render(const struct nck_report *report, const struct nck_render_options *options,
                     FILE *out) {
  (void)options;
  json_t *json = nck_json_build(report);
  json_object_set_new(json, "sites", build_sites(report));
  json_object_set_new(json, "sources", build_sources(report));
  json_object_set_new(json, "pages", build_pages(report));
  fputs(nck_html_page, out);
  fputs("<script type=\"application/json\">", out);
  json_dump_callback(json, write_escaped, out, JSON_COMPACT);
  fputs("</script>\n", out);
  fputs(NCK_HTML_TAIL, out);
  json_decref(json);
}
