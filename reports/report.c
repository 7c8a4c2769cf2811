// report.c: the model of a report, what every renderer draws from.
#include "report.h"

#include <stdlib.h>
#include <string.h>

#include "demangle.h"

#define DEFINE_ADD(noun, type, array)                                                              \
  struct type *nck_report_add_##noun(struct nck_report *report) {                                  \
    report->array = nck_memory_grow(report->array, &report->array##_capacity,                      \
                                    report->n_##array + 1, sizeof *report->array);                 \
    struct type *item = nck_arena_take(&report->arena, sizeof *item);                              \
    report->array[report->n_##array++] = item;                                                     \
    return item;                                                                                   \
  }

DEFINE_ADD(process, nck_report_process, processes)
DEFINE_ADD(finding, nck_report_finding, findings)
DEFINE_ADD(site, nck_report_site, sites)
DEFINE_ADD(finalizer, nck_report_finalizer, finalizers)
DEFINE_ADD(failed_call, nck_report_failed_call, failed)
DEFINE_ADD(profile, nck_report_profile, profiles)
DEFINE_ADD(suppression, nck_report_suppression, suppressions)

void nck_report_add_note(struct nck_report *report, const char *format, ...) {
  va_list args;
  va_start(args, format);
  char *text = nck_arena_vprint(&report->arena, format, args);
  va_end(args);
  report->notes = nck_memory_grow(report->notes, &report->notes_capacity, report->n_notes + 1,
                                  sizeof *report->notes);
  report->notes[report->n_notes++] = nck_arena_clean(&report->arena, text);
}

const struct nck_report_frame *nck_report_stack_site(const struct nck_report_stack *stack) {
  const struct nck_report_frame *addon = NULL;
  for (uint32_t i = 0; i < stack->n_frames; i++) {
    const struct nck_report_frame *frame = &stack->frames[i];
    if (!frame->addon)
      continue;
    if (!frame->binding)
      return frame;
    if (!addon)
      addon = frame;
  }
  return addon ? addon : stack->n_frames ? &stack->frames[0] : NULL;
}

static int compare_findings(const void *left, const void *right) {
  const struct nck_report_finding *a = *(struct nck_report_finding *const *)left;
  const struct nck_report_finding *b = *(struct nck_report_finding *const *)right;
  if (a->state != b->state)
    return a->state < b->state ? -1 : 1;
  if (a->severity != b->severity)
    return a->severity > b->severity ? -1 : 1;
  if (a->count != b->count)
    return a->count > b->count ? -1 : 1;
  if (a->kind != b->kind)
    return a->kind < b->kind ? -1 : 1;
  int order = strcmp(a->fingerprint, b->fingerprint);
  if (order)
    return order;
  return a->first_ms < b->first_ms ? -1 : a->first_ms > b->first_ms;
}

void nck_report_sort(struct nck_report *report) {
  if (report->n_findings)
    qsort(report->findings, report->n_findings, sizeof *report->findings, compare_findings);
}

void nck_report_drop(struct nck_report *report) {
  free(report->processes);
  free(report->findings);
  free(report->sites);
  free(report->finalizers);
  free(report->failed);
  free(report->profiles);
  free(report->suppressions);
  free(report->notes);
  nck_arena_drop(&report->arena);
  *report = (struct nck_report){0};
}

const char *nck_report_frame_text(struct nck_arena *arena, const struct nck_report_frame *frame) {
  const char *module = frame->module ? frame->module->file : "?";
  const char *function = nck_demangle_short(arena, frame->function);
  if (*function && frame->line)
    return nck_arena_print(arena, "%s at %s:%u", function, frame->file, frame->line);
  if (*function)
    return nck_arena_print(arena, "%s+0x%llx (%s)", function,
                           (unsigned long long)frame->function_offset, module);
  if (frame->line)
    return nck_arena_print(arena, "%s:%u", frame->file, frame->line);
  return nck_arena_print(arena, "%s+0x%llx", module, (unsigned long long)frame->offset);
}

void nck_report_normalise(char *path) {
  char *to = path, *floor = path;
  const char *at = path;
  if (*at == '/')
    floor = ++to, at++;
  while (*at) {
    size_t n = strcspn(at, "/");
    if (n == 2 && at[0] == '.' && at[1] == '.') {
      if (to > floor) {
        to--;
        while (to > floor && to[-1] != '/')
          to--;
      } else if (floor == path || path[0] != '/') {
        memmove(to, "../", 3);
        floor = to += 3;
      }
    } else if (n && !(n == 1 && at[0] == '.')) {
      memmove(to, at, n);
      to += n;
      *to++ = '/';
    }
    at += n;
    at += *at == '/';
  }
  if (to > path + 1 && to[-1] == '/')
    to--;
  *to = '\0';
}

const char *nck_bytes_text(struct nck_arena *arena, uint64_t bytes) {
  static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024)
    return nck_arena_print(arena, "%llu byte%s", (unsigned long long)bytes, bytes == 1 ? "" : "s");
  double n = (double)bytes / 1024;
  unsigned unit = 0;
  while (n >= 1024 && unit < 3) {
    n /= 1024;
    unit++;
  }
  return nck_arena_print(arena, "%.1f %s", n, units[unit]);
}
