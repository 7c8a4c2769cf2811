// alive.c: what Node-API objects keep a process's event loop alive.
#include "alive.h"

#include <stdlib.h>

#include "collect.h"

struct count {
  uint64_t n_works, n_functions;
};

struct search {
  struct count *counts; // by site
  uint32_t n_sites;
};

static void note(const struct nck_object *object, void *arg) {
  struct search *search = arg;
  if (object->state != NCK_OBJECT_LIVE)
    return;
  struct count *count = &search->counts[object->site < search->n_sites ? object->site : 0];
  if (object->kind == NCK_KIND_ASYNC_WORK && (object->flags & NCK_OBJECT_QUEUED))
    count->n_works++;
  else if (object->kind == NCK_KIND_THREADSAFE_FUNCTION &&
           !(object->flags & (NCK_OBJECT_UNREFED | NCK_OBJECT_CLOSING | NCK_OBJECT_ENV_ENDED)))
    count->n_functions++;
}

// " made in start at worker.c:12 of addon.node", as far as it is known.
static void add_site(struct nck_text *lines, const struct nck_report *report, uint32_t site) {
  if (!site || site > report->n_sites)
    return;
  struct nck_arena scratch = {0};
  const struct nck_report_stack *stack = &report->sites[site - 1]->stack;
  const struct nck_report_frame *frame = nck_report_stack_site(stack);
  if (frame)
    nck_text_add(lines, ", made in %s", nck_report_frame_text(&scratch, frame));
  if (stack->n_js)
    nck_text_add(lines, ", by %s (%s:%u)",
                 *stack->js[0].function ? stack->js[0].function : "<anonymous>", stack->js[0].file,
                 stack->js[0].line);
  nck_arena_drop(&scratch);
}

void nck_alive_tell(const struct nck_record *record, struct nck_text *lines) {
  struct search search = {.n_sites = nck_record_count(record, NCK_TABLE_SITE)};
  if (!search.n_sites)
    search.n_sites = 1;
  search.counts = nck_memory_take(search.n_sites, sizeof *search.counts);
  nck_record_each_object(record, note, &search);
  struct nck_report report = {0};
  struct nck_options options;
  nck_options_new(&options);
  nck_collect_live(&report, record, &options);
  bool any = false;
  for (uint32_t i = 0; i < search.n_sites; i++) {
    const struct count *count = &search.counts[i];
    if (count->n_works) {
      nck_text_add(lines, "pid %u is kept alive by %llu async work%s, queued or running",
                   record->header.pid, (unsigned long long)count->n_works,
                   count->n_works == 1 ? "" : "s");
      add_site(lines, &report, i);
      nck_text_add(lines, "\n");
    }
    if (count->n_functions) {
      nck_text_add(lines, "pid %u is kept alive by %llu referenced threadsafe function%s",
                   record->header.pid, (unsigned long long)count->n_functions,
                   count->n_functions == 1 ? "" : "s");
      add_site(lines, &report, i);
      nck_text_add(lines, "\n");
    }
    any |= count->n_works || count->n_functions;
  }
  if (!any)
    nck_text_add(lines,
                 "pid %u is kept alive by nothing of Node-API: look for a timer, a socket, a child "
                 "process or a loop\n",
                 record->header.pid);
  nck_report_drop(&report);
  nck_options_drop(&options);
  free(search.counts);
}
