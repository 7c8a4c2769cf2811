// outputs.c: a finished report to every format and file that was asked for.
#include "outputs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "baseline.h"
#include "file.h"
#include "json.h"
#include "output.h"
#include "render.h"

#define WIDTH_WITHOUT_TERMINAL 100
#define WIDTH_MIN 60
#define WIDTH_MAX 140
#define START_UNCERTAIN_NS 15000000
#define LARGEST_LOG (256u << 20)
#define JSON_HEAD 4096 // "run" stands in the first of them

bool nck_output_color(const char *color, FILE *stream) {
  if (strcmp(color, "auto") != 0)
    return !strcmp(color, "always");
  const char *no_color = getenv("NO_COLOR"), *terminal = getenv("TERM");
  return (!no_color || !*no_color) && (!terminal || strcmp(terminal, "dumb") != 0) &&
         isatty(fileno(stream));
}

unsigned nck_output_width(FILE *stream) {
  struct winsize size;
  if (ioctl(fileno(stream), TIOCGWINSZ, &size) != 0 || !size.ws_col)
    return WIDTH_WITHOUT_TERMINAL;
  return size.ws_col < WIDTH_MIN ? WIDTH_MIN : size.ws_col > WIDTH_MAX ? WIDTH_MAX : size.ws_col;
}

static struct nck_render_options render_options(const struct nck_outputs *outputs, FILE *stream) {
  return (struct nck_render_options){
      .options = outputs->options,
      .asked = outputs->asked,
      .color = nck_output_color(nck_options_text(outputs->options, NCK_OPTION_color), stream),
      .width = nck_output_width(stream),
  };
}

// When the run of this report began, on the clock that stamps files.
static int64_t run_start_ns(const struct nck_report *report) {
  struct timespec real, boot;
  clock_gettime(CLOCK_REALTIME, &real);
  clock_gettime(CLOCK_BOOTTIME, &boot);
  uint64_t ticks = (uint64_t)sysconf(_SC_CLK_TCK);
  int64_t start_ns = (int64_t)(report->root_start_ticks * (1000000000ull / (ticks ? ticks : 100)));
  int64_t age_ns = (int64_t)boot.tv_sec * 1000000000 + boot.tv_nsec - start_ns;
  return (int64_t)real.tv_sec * 1000000000 + real.tv_nsec - age_ns;
}

// True when the file was written since the run began: by another process of it, whose part stays. A
// start is known to ten milliseconds, a file's time to four; no program loads an addon and ends in
// so short a time.
static bool is_of_this_run(const struct nck_report *report, const char *path) {
  struct stat status;
  if (!report->root_start_ticks || stat(path, &status) != 0 || !S_ISREG(status.st_mode))
    return false;
  int64_t written_ns = (int64_t)status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec;
  return written_ns > run_start_ns(report) + START_UNCERTAIN_NS;
}

// The first line of a text log tells exactly which run it is of: the next run may begin within a
// millisecond.
static void print_run(const struct nck_report *report, char line[64]) {
  snprintf(line, 64, "# napicheck run %u-%llu\n", report->root_pid,
           (unsigned long long)report->root_start_ticks);
}

// The text that another process of this run has written to the file; NULL for none. The caller
// frees.
static char *read_log(const struct nck_report *report, const char *path) {
  char run[64];
  print_run(report, run);
  FILE *file = nck_file_read(path, INT64_MAX);
  if (!file)
    return NULL;
  struct nck_text text = {0};
  char block[65536];
  size_t n;
  while ((n = fread(block, 1, sizeof block, file)) > 0 && text.length < LARGEST_LOG)
    nck_text_add_n(&text, block, n);
  fclose(file);
  if (text.text && !strncmp(text.text, run, strlen(run)))
    return text.text;
  nck_text_drop(&text);
  return NULL;
}

// A text that says nothing makes no file, but what an earlier run said does not stay.
static bool write_text(const struct nck_outputs *outputs, const struct nck_report *report,
                       const char *path, struct nck_error *error) {
  char *text = NULL;
  size_t length = 0;
  FILE *memory = open_memstream(&text, &length);
  if (!memory)
    return nck_error_set(error, "not enough memory for the text report");
  struct nck_render_options options = render_options(outputs, stderr);
  options.color = !strcmp(nck_options_text(outputs->options, NCK_OPTION_color), "always");
  options.width = WIDTH_WITHOUT_TERMINAL;
  nck_text_render(report, &options, memory);
  fclose(memory);
  char *before = outputs->shared ? read_log(report, path) : NULL;
  struct nck_output output;
  bool good = true;
  if (length || (!before && access(path, F_OK) == 0)) {
    good = nck_output_open(&output, path, error);
    if (good) {
      char run[64] = "";
      if (outputs->shared && output.temporary && !before)
        print_run(report, run);
      fputs(before ? before : run, output.stream);
      fwrite(text, 1, length, output.stream);
      good = nck_output_close(&output, error);
    }
  }
  free(before);
  free(text);
  return good;
}

// The report that another process of this run has written to the file; NULL for none. The caller
// owns it. A large report of an earlier run is not read whole: its first lines tell.
static json_t *read_json(const struct nck_report *report, const char *path) {
  char head[JSON_HEAD + 1], ticks[32];
  FILE *file = nck_file_read(path, INT64_MAX);
  if (!file)
    return NULL;
  head[fread(head, 1, JSON_HEAD, file)] = 0;
  fclose(file);
  snprintf(ticks, sizeof ticks, "%llu", (unsigned long long)report->root_start_ticks);
  struct nck_error ignored;
  return strstr(head, ticks) ? nck_json_load(path, &ignored) : NULL;
}

static bool write_json(const struct nck_outputs *outputs, const struct nck_report *report,
                       const char *path, struct nck_error *error) {
  json_t *there = outputs->shared ? read_json(report, path) : NULL, *json = NULL;
  if (there) {
    json = nck_json_build(report);
    if (nck_json_is_same_run(there, json)) {
      nck_json_merge(there, json);
      json_t *merged = there;
      there = json;
      json = merged;
    }
  }
  struct nck_output output;
  bool good = nck_output_open(&output, path, error);
  if (good) {
    if (json)
      nck_json_write(json, output.stream);
    else
      nck_json_render(report, NULL, output.stream);
    good = nck_output_close(&output, error);
  }
  json_decref(there);
  json_decref(json);
  return good;
}

// A whole file as text, as far as LARGEST_LOG; NULL when it cannot be read. The caller frees.
static char *read_file(const char *path, size_t *length) {
  FILE *file = nck_file_read(path, INT64_MAX);
  if (!file)
    return NULL;
  struct nck_text text = {0};
  char block[65536];
  size_t n;
  while ((n = fread(block, 1, sizeof block, file)) > 0 && text.length < LARGEST_LOG)
    nck_text_add_n(&text, block, n);
  fclose(file);
  *length = text.length;
  return text.text;
}

// The other formats: what another process of the run wrote stays in front, without its tail.
static bool write_other(const struct nck_outputs *outputs, const struct nck_report *report,
                        const struct nck_renderer *renderer, const char *path,
                        struct nck_error *error) {
  char *text = NULL, *before = NULL;
  size_t length = 0, before_length = 0, tail = strlen(renderer->tail);
  FILE *memory = open_memstream(&text, &length);
  if (!memory)
    return nck_error_set(error, "not enough memory for the report");
  struct nck_render_options options = render_options(outputs, memory);
  renderer->render(report, &options, memory);
  fclose(memory);
  if (outputs->shared && is_of_this_run(report, path))
    before = read_file(path, &before_length);
  const char *body = strstr(text, renderer->head);
  bool join = before && body && before_length >= tail &&
              !memcmp(before + before_length - tail, renderer->tail, tail);
  struct nck_output output;
  bool good = nck_output_open(&output, path, error);
  if (good) {
    size_t kept = join ? before_length - tail : 0;
    body = join ? body + strlen(renderer->head) : text;
    size_t rest = length - (size_t)(body - text);
    errno = 0;
    good = fwrite(before ? before : "", 1, kept, output.stream) == kept &&
           (!join || fputs(renderer->between, output.stream) >= 0) &&
           fwrite(body, 1, rest, output.stream) == rest;
    if (good) {
      good = nck_output_close(&output, error);
    } else {
      nck_error_set(error, "cannot write %s: %s", path, strerror(errno ? errno : EIO));
      nck_output_cancel(&output);
    }
  }
  free(before);
  free(text);
  return good;
}

static bool write_file(const struct nck_outputs *outputs, const struct nck_report *report,
                       const struct nck_renderer *renderer, const char *path,
                       struct nck_error *error) {
  int lock = outputs->shared ? nck_output_lock(path) : -1;
  bool good;
  if (renderer->render == nck_json_render) {
    good = write_json(outputs, report, path, error);
  } else if (renderer->render == nck_text_render) {
    good = write_text(outputs, report, path, error);
  } else {
    good = write_other(outputs, report, renderer, path, error);
  }
  nck_output_unlock(lock);
  return good;
}

static bool write_stream(const struct nck_outputs *outputs, const struct nck_report *report,
                         const struct nck_renderer *renderer, struct nck_error *error) {
  struct nck_render_options options = render_options(outputs, outputs->stream);
  renderer->render(report, &options, outputs->stream);
  if (fflush(outputs->stream) == 0)
    return true;
  nck_output_is_said = true;
  return nck_error_set(error, "cannot write the report: %s", strerror(errno));
}

// "json=out.json", "text".
static bool write_one(const struct nck_outputs *outputs, const struct nck_report *report,
                      char *item, bool *lost) {
  struct nck_error error = {""};
  char *file = strchr(item, '=');
  if (file)
    *file++ = '\0';
  const struct nck_renderer *renderer = nck_renderer_find(item);
  bool good = true;
  if (!renderer) {
    good = nck_error_set(&error, "format %s cannot be written by this napicheck", item);
  } else {
    const char *pattern = file ? file : nck_options_text(outputs->options, NCK_OPTION_log_path);
    const struct nck_report_process *process =
        report->n_processes ? report->processes[0] : outputs->named_for;
    if (*pattern && process) {
      char *path = nck_output_name(pattern, process);
      good = write_file(outputs, report, renderer, path, &error);
      free(path);
      // People read it here as well.
      if (!good && renderer->render == nck_text_render) {
        nck_error_print(&error);
        error.text[0] = '\0';
        *lost |= !write_stream(outputs, report, renderer, &error);
        return false;
      }
    } else {
      good = write_stream(outputs, report, renderer, &error);
    }
  }
  if (!good) {
    *lost = true;
    size_t length = strlen(error.text);
    if (outputs->record)
      snprintf(error.text + length, sizeof error.text - length,
               "; the record stays: napicheck report --format=%s %s", item, outputs->record);
    nck_error_print(&error);
  }
  return good;
}

bool nck_outputs_need_sites(const struct nck_options *options) {
  bool need = false;
  const char *at = nck_options_text(options, NCK_OPTION_format);
  for (char *item; (item = nck_options_item(&at)); free(item)) {
    item[strcspn(item, "=")] = '\0';
    const struct nck_renderer *renderer = nck_renderer_find(item);
    need |= renderer && renderer->sites;
  }
  return need;
}

static bool write_baseline(const struct nck_outputs *outputs, const struct nck_report *report) {
  struct nck_error error = {""};
  const char *path = nck_options_text(outputs->options, NCK_OPTION_write_baseline);
  int lock = outputs->shared ? nck_output_lock(path) : -1;
  bool good =
      nck_baseline_write(report, path, outputs->shared && is_of_this_run(report, path), &error);
  nck_output_unlock(lock);
  if (!good)
    nck_error_print(&error);
  return good;
}

bool nck_outputs_write(const struct nck_outputs *outputs, const struct nck_report *report,
                       bool *lost) {
  bool good = true;
  *lost = false;
  if (*nck_options_text(outputs->options, NCK_OPTION_write_baseline))
    good = write_baseline(outputs, report);
  const char *at = nck_options_text(outputs->options, NCK_OPTION_format);
  for (char *item; (item = nck_options_item(&at)); free(item))
    good &= write_one(outputs, report, item, lost);
  return good;
}
