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
#include "json.h"
#include "output.h"
#include "render.h"

#define WIDTH_WITHOUT_TERMINAL 100
#define WIDTH_MIN 60
#define WIDTH_MAX 140

static bool wants_color(const struct nck_options *options, FILE *stream) {
  const char *color = nck_options_text(options, NCK_OPTION_color);
  if (strcmp(color, "auto") != 0)
    return !strcmp(color, "always");
  const char *no_color = getenv("NO_COLOR"), *terminal = getenv("TERM");
  return (!no_color || !*no_color) && (!terminal || strcmp(terminal, "dumb") != 0) &&
         isatty(fileno(stream));
}

static unsigned width_of(FILE *stream) {
  struct winsize size;
  if (ioctl(fileno(stream), TIOCGWINSZ, &size) != 0 || !size.ws_col)
    return WIDTH_WITHOUT_TERMINAL;
  return size.ws_col < WIDTH_MIN ? WIDTH_MIN : size.ws_col > WIDTH_MAX ? WIDTH_MAX : size.ws_col;
}

static struct nck_render_options render_options(const struct nck_outputs *outputs, FILE *stream) {
  return (struct nck_render_options){
      .options = outputs->options,
      .asked = outputs->asked,
      .color = wants_color(outputs->options, stream),
      .width = width_of(stream),
  };
}

// When the run of this report began, on the clock that stamps files.
static struct timespec run_start(const struct nck_report *report) {
  struct timespec real, boot;
  clock_gettime(CLOCK_REALTIME, &real);
  clock_gettime(CLOCK_BOOTTIME, &boot);
  uint64_t ticks = (uint64_t)sysconf(_SC_CLK_TCK);
  int64_t start_ns = (int64_t)(report->root_start_ticks * (1000000000ull / (ticks ? ticks : 100)));
  int64_t age_ns = (int64_t)boot.tv_sec * 1000000000 + boot.tv_nsec - start_ns;
  int64_t at_ns = (int64_t)real.tv_sec * 1000000000 + real.tv_nsec - age_ns;
  return (struct timespec){at_ns / 1000000000, at_ns % 1000000000};
}

// True when the file was written since the run began: by another process of it, whose text stays.
static bool is_of_this_run(const struct nck_report *report, const char *path) {
  struct stat status;
  if (!report->root_start_ticks || stat(path, &status) != 0 || !S_ISREG(status.st_mode))
    return false;
  struct timespec start = run_start(report);
  return status.st_mtim.tv_sec != start.tv_sec ? status.st_mtim.tv_sec > start.tv_sec
                                               : status.st_mtim.tv_nsec > start.tv_nsec;
}

static bool copy_file(const char *path, FILE *to, struct nck_error *error) {
  FILE *from = fopen(path, "re");
  if (!from)
    return nck_error_set(error, "cannot read %s: %s", path, strerror(errno));
  char block[65536];
  size_t n;
  while ((n = fread(block, 1, sizeof block, from)) > 0)
    fwrite(block, 1, n, to);
  fclose(from);
  return true;
}

// A text that says nothing makes no file, and leaves that of another process alone.
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
  bool keep = outputs->shared && is_of_this_run(report, path);
  struct nck_output output;
  bool good = true;
  if (length || (!keep && outputs->shared)) {
    good = nck_output_open(&output, path, error);
    if (good) {
      if (keep && output.temporary)
        good = copy_file(path, output.stream, error);
      fwrite(text, 1, length, output.stream);
      if (good)
        good = nck_output_close(&output, error);
      else
        nck_output_cancel(&output);
    }
  }
  free(text);
  return good;
}

static bool write_json(const struct nck_outputs *outputs, const struct nck_report *report,
                       const char *path, struct nck_error *error) {
  json_t *json = nck_json_build(report);
  struct nck_error ignored;
  json_t *there = outputs->shared ? nck_json_load(path, &ignored) : NULL;
  if (there && nck_json_is_same_run(there, json)) {
    nck_json_merge(there, json);
    json_t *merged = there;
    there = json;
    json = merged;
  }
  struct nck_output output;
  bool good = nck_output_open(&output, path, error);
  if (good) {
    json_dumpf(json, output.stream, JSON_INDENT(2));
    putc('\n', output.stream);
    good = nck_output_close(&output, error);
  }
  json_decref(there);
  json_decref(json);
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
    struct nck_output output;
    good = nck_output_open(&output, path, error);
    if (good) {
      struct nck_render_options options = render_options(outputs, output.stream);
      renderer->render(report, &options, output.stream);
      good = nck_output_close(&output, error);
    }
  }
  nck_output_unlock(lock);
  return good;
}

// "json=out.json", "text".
static bool write_one(const struct nck_outputs *outputs, const struct nck_report *report,
                      char *item) {
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
    } else {
      struct nck_render_options options = render_options(outputs, outputs->stream);
      renderer->render(report, &options, outputs->stream);
      if (fflush(outputs->stream) != 0)
        good = nck_error_set(&error, "cannot write the report: %s", strerror(errno));
    }
  }
  if (!good)
    nck_error_print(&error);
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

bool nck_outputs_write(const struct nck_outputs *outputs, const struct nck_report *report) {
  bool good = true;
  if (*nck_options_text(outputs->options, NCK_OPTION_write_baseline))
    good = write_baseline(outputs, report);
  const char *at = nck_options_text(outputs->options, NCK_OPTION_format);
  for (char *item; (item = nck_options_item(&at)); free(item))
    good &= write_one(outputs, report, item);
  return good;
}
