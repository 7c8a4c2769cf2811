// replay.c: runs the inputs of a fuzzer once, without libFuzzer: the test that what was found stays
// fixed. Of each seed (a file of that name) some damaged copies are run too, always the same ones.
// A seed that is refused is a failure: the fuzzer would get no further than the door.
//
//   fuzz_replay_record SEEDS-FOLDER tests/fuzz/corpus
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
extern unsigned n_refused;

#define N_DAMAGED 60u
static unsigned n_run;

// The copies differ from the seed in a few bytes or words.
static void run_damaged(uint8_t *bytes, size_t n) {
  uint32_t random = 12345;
  uint8_t *copy = malloc(n + 1);
  for (unsigned round = 0; copy && n > 8 && round < N_DAMAGED; round++) {
    memcpy(copy, bytes, n);
    for (unsigned i = 0; i <= round % 8; i++) {
      random = random * 1664525u + 1013904223u;
      size_t at = (random >> 8) % (n - 4);
      if (random & 1)
        copy[at] = (uint8_t)(random >> 16);
      else
        memset(copy + at, random & 2 ? 0xff : 0, 4);
    }
    LLVMFuzzerTestOneInput(copy, n);
    n_run++;
  }
  free(copy);
}

static void run_file(const char *path) {
  FILE *file = fopen(path, "re");
  if (!file) {
    perror(path);
    exit(1);
  }
  struct stat status;
  if (fstat(fileno(file), &status) != 0)
    abort();
  uint8_t *bytes = malloc((size_t)status.st_size + 1);
  size_t n = bytes ? fread(bytes, 1, (size_t)status.st_size, file) : 0;
  fclose(file);
  unsigned before = n_refused;
  LLVMFuzzerTestOneInput(bytes, n);
  n_run++;
  if (strstr(path, "/seed-")) {
    if (n_refused != before) {
      fprintf(stderr, "%s is refused as a record\n", path);
      exit(1);
    }
    run_damaged(bytes, n);
  }
  free(bytes);
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    struct stat status;
    DIR *folder = stat(argv[i], &status) == 0 && S_ISDIR(status.st_mode) ? opendir(argv[i]) : NULL;
    if (!folder) {
      run_file(argv[i]);
      continue;
    }
    const struct dirent *entry;
    while ((entry = readdir(folder))) {
      char path[4096];
      snprintf(path, sizeof path, "%s/%s", argv[i], entry->d_name);
      if (*entry->d_name != '.')
        run_file(path);
    }
    closedir(folder);
  }
  printf("%u inputs, %u refused\n", n_run, n_refused);
  return n_run > n_refused ? 0 : 1;
}
