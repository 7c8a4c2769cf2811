// record.c: libFuzzer's target for what reads a record: any bytes are opened, collected, judged and
// drawn in every format. A finding is a crash, a hang, or a report of AddressSanitizer or UBSan.
//
// A record is 128 KiB of mostly zeros, so an input is what stands between them: pieces of four
// bytes offset, two bytes length (little endian), then the bytes. One that begins as a record is
// taken as it is. seeds.mjs makes the one of the other.
//
//   fuzz_record SEEDS-FOLDER -max_total_time=900
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "build.h"
#include "policy.h"
#include "read.h"
#include "render.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int memory_fd = -1;
static char memory_path[64];
static FILE *sink;

static void open_once(void) {
  if (memory_fd >= 0)
    return;
  memory_fd = memfd_create("record", MFD_CLOEXEC);
  sink = fopen("/dev/null", "we");
  if (memory_fd < 0 || !sink)
    abort();
  snprintf(memory_path, sizeof memory_path, "/proc/self/fd/%d", memory_fd);
}

#define LARGEST_BYTES (1u << 20)

static bool write_record(const uint8_t *data, size_t size) {
  if (ftruncate(memory_fd, 0) != 0)
    return false;
  if (size >= 8 && !memcmp(data, NCK_RECORD_MAGIC, 8))
    return pwrite(memory_fd, data, size, 0) == (ssize_t)size;
  static uint8_t bytes[LARGEST_BYTES];
  size_t end = 0;
  while (size >= 6) {
    size_t offset = data[0] | data[1] << 8 | data[2] << 16 | (size_t)data[3] << 24;
    size_t length = data[4] | data[5] << 8;
    data += 6;
    size -= 6;
    length = length < size ? length : size;
    offset %= LARGEST_BYTES;
    length = length < LARGEST_BYTES - offset ? length : LARGEST_BYTES - offset;
    memcpy(bytes + offset, data, length);
    end = offset + length > end ? offset + length : end;
    data += length;
    size -= length;
  }
  // Whole pages, as a writer makes them.
  size_t file_bytes = (end + 4095) & ~(size_t)4095;
  bool good = pwrite(memory_fd, bytes, file_bytes, 0) == (ssize_t)file_bytes;
  memset(bytes, 0, end);
  return good;
}

static void draw(const struct nck_report *report, const struct nck_options *options) {
  static const char *const formats[] = {"text",   "json",   "sarif", "junit",
                                        "github", "folded", "html"};
  struct nck_render_options render = {.options = options, .asked = true, .width = 80};
  for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
    const struct nck_renderer *renderer = nck_renderer_find(formats[i]);
    if (renderer)
      renderer->render(report, &render, sink);
  }
}

unsigned n_refused; // replay.c reads it

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  open_once();
  if (!write_record(data, size))
    return 0;
  struct nck_record record;
  struct nck_error error = {""};
  if (!nck_record_open(&record, memory_path, &error)) {
    if (!*error.text || strchr(error.text, '\n'))
      abort(); // one clear line
    n_refused++;
    return 0;
  }
  struct nck_options none, options;
  nck_options_new(&none);
  nck_build_options(&options, &record, &none, false);
  struct nck_report report = {0};
  nck_build_add(&report, &record, &options, true);
  nck_record_drop(&record);
  nck_report_sort(&report);
  nck_policy_apply(&report, &options, 0);
  draw(&report, &options);
  nck_report_drop(&report);
  nck_options_drop(&options);
  nck_options_drop(&none);
  return 0;
}
