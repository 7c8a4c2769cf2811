// shim_recorder.c: the record: growth, threads, fork, places that are refused, no room. A process
// has one record, so each test is a process.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "options.h"
#include "own.h"
#include "place.h"
#include "recorder.h"

static char folder[64]; // of this run, private
static int said_file;   // stands in for stderr while a test runs
static int true_stderr;

static const char *said(void) {
  static char text[8192];
  ssize_t n = pread(said_file, text, sizeof text - 1, 0);
  text[n > 0 ? n : 0] = '\0';
  return text;
}

static unsigned count_lines(const char *text) {
  unsigned n = 0;
  for (; *text != '\0'; text++)
    n += *text == '\n';
  return n;
}

// Runs a test in a process of its own, with what it says caught.
static void run(const char *name, void (*test)(void)) {
  int file = memfd_create("stderr", 0);
  true_stderr = dup(STDERR_FILENO);
  fflush(NULL);
  pid_t child = fork();
  if (child == 0) {
    alarm(100);
    n_checks = n_failed_checks = 0;
    said_file = file;
    dup2(file, STDERR_FILENO);
    setenv("XDG_RUNTIME_DIR", folder, 1); // nothing of a test is left anywhere else
    nck_options_read(NULL, NULL, true);
    test();
    dup2(true_stderr, STDERR_FILENO);
    if (n_failed_checks > 0)
      fprintf(stderr, "%s said: %s\n", name, said());
    exit(CHECK_DONE());
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    char text[8192] = "";
    ssize_t n = pread(file, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    fprintf(stderr, "%s: ended with 0x%x\n%s", name, (unsigned)status, text);
  }
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  close(file);
  close(true_stderr);
}

static void open_in(const char *record) {
  char text[256];
  snprintf(text, sizeof text, "record=%s", record);
  nck_options_read(NULL, text, true);
  errno = 4711;
  CHECK(nck_recorder_open());
  CHECK_UINT(errno, 4711);
}

static void path_in_folder(char *path, const char *name) {
  snprintf(path, 128, "%s/%s", folder, name);
}

// --- reading as the reader does, from the file alone ---

static struct nck_record_header *read_header(int *file) {
  struct nck_record_header *header = malloc(sizeof *header);
  *file = open(nck_recorder_path(), O_RDONLY | O_CLOEXEC);
  CHECK(*file >= 0);
  CHECK_UINT(pread(*file, header, sizeof *header, 0), sizeof *header);
  return header;
}

// Bytes of rows from the file; false when no chunk holds them all.
static bool read_rows(int file, const struct nck_record_header *header, enum nck_table table,
                      uint64_t first, uint64_t n, void *to) {
  uint32_t bytes = header->row_bytes[table];
  for (uint32_t i = 0; i < header->n_chunks; i++) {
    const struct nck_chunk *chunk = &header->chunks[i];
    if (chunk->table == table && first >= chunk->first_row &&
        first + n <= chunk->first_row + chunk->n_rows)
      return pread(file, to, n * bytes,
                   (off_t)(chunk->offset + (first - chunk->first_row) * bytes)) ==
             (ssize_t)(n * bytes);
  }
  return false;
}

static void read_string(uint32_t index, char *to, size_t size) {
  int file;
  struct nck_record_header *header = read_header(&file);
  CHECK(read_rows(file, header, NCK_TABLE_STRING, index, size, to));
  to[size - 1] = '\0';
  close(file);
  free(header);
}

// --- tests ---

static void test_identity(void) {
  CHECK_UINT(nck_recorder_append(NCK_TABLE_SITE, 1), 0); // not open yet
  CHECK_UINT(nck_recorder_string("x", 1), 0);
  open_in("");
  CHECK(nck_recorder_open()); // again: the same
  CHECK(strncmp(nck_recorder_path(), folder, strlen(folder)) == 0);
  struct stat status;
  CHECK(stat(nck_recorder_path(), &status) == 0 && (status.st_mode & 07777) == 0600);
  // A process that loads an addon costs little.
  CHECK(status.st_blocks * 512 < 512 << 10);
  int file;
  struct nck_record_header *header = read_header(&file);
  CHECK(memcmp(header->magic, NCK_RECORD_MAGIC, 8) == 0);
  CHECK_UINT(header->version, NCK_RECORD_VERSION);
  CHECK_UINT(header->header_bytes, NCK_RECORD_HEADER_BYTES);
  CHECK_UINT(header->pid, getpid());
  CHECK_UINT(header->ppid, getppid());
  CHECK(header->start_ticks != 0 && header->start_wall_ns != 0 && header->start_mono_ns != 0);
  CHECK_UINT(header->state, NCK_PROCESS_RUNNING);
  CHECK_UINT(header->row_bytes[NCK_TABLE_OBJECT], sizeof(struct nck_object));
  for (int i = 0; i < NCK_N_TABLES; i++)
    CHECK(header->n_rows[i] >= 1);
  char text[20];
  read_string(header->exe, text, sizeof text);
  CHECK(text[0] == '/');
  close(file);
  free(header);
  nck_recorder_end(NCK_END_EXIT, 3);
  header = read_header(&file);
  CHECK_UINT(header->state, NCK_PROCESS_ENDING);
  CHECK_UINT(header->end_how, NCK_END_EXIT);
  CHECK_UINT(header->end_code, 3);
  CHECK(header->end_ns > 0);
  close(file);
  free(header);
  nck_recorder_remove();
  CHECK(access(nck_recorder_path(), F_OK) != 0);
}

static void test_growth(void) {
  enum { N = 400000 };
  open_in("");
  errno = 4711;
  for (uint32_t i = 1; i <= N; i++) {
    uint32_t row = nck_recorder_append(NCK_TABLE_OBJECT, 1);
    if (row != i || nck_recorder.objects[row].real != 0)
      CHECK_UINT(row, i);
    nck_recorder.objects[row].real = i;
  }
  CHECK_UINT(errno, 4711);
  int file;
  struct nck_record_header *header = read_header(&file);
  CHECK_UINT(header->n_rows[NCK_TABLE_OBJECT], N + 1);
  CHECK(header->n_chunks < 40); // chunks grow
  uint64_t covered[NCK_N_TABLES] = {0};
  for (uint32_t i = 0; i < header->n_chunks; i++) {
    const struct nck_chunk *chunk = &header->chunks[i];
    CHECK_UINT(chunk->offset % NCK_RECORD_PAGE_BYTES, 0);
    CHECK_UINT(chunk->n_rows * header->row_bytes[chunk->table] % NCK_RECORD_PAGE_BYTES, 0);
    CHECK_UINT(chunk->first_row, covered[chunk->table]);
    covered[chunk->table] += chunk->n_rows;
  }
  for (uint64_t i = 1; i <= N; i += 997) {
    struct nck_object object;
    CHECK(read_rows(file, header, NCK_TABLE_OBJECT, i, 1, &object));
    CHECK_UINT(object.real, i);
  }
  close(file);
  free(header);
}

static void test_rows_together(void) {
  open_in("");
  uint64_t before = 1;
  bool good = true;
  for (uint32_t i = 0; i < 60000; i++) {
    uint32_t n = 2 + i % 63, first = nck_recorder_append(NCK_TABLE_STACK, n);
    good &= first >= before;
    before = first + n;
    for (uint32_t j = 0; j < n; j++) {
      good &= nck_recorder.stacks[first + j] == 0;
      nck_recorder.stacks[first + j] = (uint64_t)first << 8 | j;
    }
    if (!good)
      break;
  }
  CHECK(good);
  int file;
  struct nck_record_header *header = read_header(&file);
  uint64_t words[64];
  uint32_t n_found = 0;
  // Every group is found whole in one chunk: read them again in their order.
  for (uint64_t at = 1; at < header->n_rows[NCK_TABLE_STACK];) {
    uint64_t word = nck_recorder.stacks[at];
    if (word != at << 8) { // left out at a border
      CHECK_UINT(word, 0);
      at++;
      continue;
    }
    uint32_t n = 2 + n_found++ % 63;
    CHECK(read_rows(file, header, NCK_TABLE_STACK, at, n, words));
    CHECK_UINT(words[n - 1], at << 8 | (n - 1));
    at += n;
  }
  CHECK_UINT(n_found, 60000);
  // More at once than a chunk usually has.
  CHECK(nck_recorder_append(NCK_TABLE_STACK, 3 << 20) != 0);
  // All tables work.
  for (int i = 0; i < NCK_N_TABLES; i++)
    CHECK(nck_recorder_append((enum nck_table)i, 1) != 0);
  CHECK(nck_recorder_append(NCK_TABLE_FINALIZER, NCK_FINALIZER_RING) != 0);
  close(file);
  free(header);
}

static void test_full_table(void) {
  open_in("");
  // A frame names its module with 16 bits.
  uint32_t n = 1;
  while (nck_recorder_append(NCK_TABLE_MODULE, 1) != 0)
    n++;
  CHECK_UINT(n, 65536);
  CHECK(nck_recorder_is_blind());
  CHECK(nck_recorder.header->blind_ms > 0);
  CHECK(strstr(nck_recorder.strings + nck_recorder.header->blind_reason, "full") != NULL);
  nck_recorder_go_blind("another reason");
  CHECK(strstr(nck_recorder.strings + nck_recorder.header->blind_reason, "full") != NULL);
  CHECK_UINT(nck_recorder_append(NCK_TABLE_SITE, 1), 0);
}

static void test_strings(void) {
  open_in("");
  uint32_t a = nck_recorder_string("function_a and more", 10);
  CHECK(a != 0 && nck_recorder_string("function_a", 10) == a);
  CHECK(strcmp(nck_recorder.strings + a, "function_a") == 0);
  CHECK(nck_recorder_string("function", 8) != a);
  CHECK_UINT(nck_recorder_string("", 0), 0);
  CHECK_UINT(nck_recorder_string(NULL, 5), 0);
  static const struct {
    const char *given, *kept;
  } pairs[] = {
      {"caf\xc3\xa9", "caf\xc3\xa9"},                                     // two bytes
      {"\xe2\x82\xac \xf0\x9f\x98\x80", "\xe2\x82\xac \xf0\x9f\x98\x80"}, // three, four
      {"a\xff"
       "b",
       "a?b"},
      {"caf\xc3", "caf?"},          // cut
      {"\xc0\xaf", "??"},           // overlong
      {"\xed\xa0\x80", "???"},      // surrogate
      {"\xf4\x90\x80\x80", "????"}, // beyond U+10FFFF
      {"\xe2\x82", "??"},           // cut
  };
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    uint32_t index = nck_recorder_string(pairs[i].given, strlen(pairs[i].given));
    CHECK(index != 0 && strcmp(nck_recorder.strings + index, pairs[i].kept) == 0);
    CHECK_UINT(nck_recorder_string(pairs[i].kept, strlen(pairs[i].kept)), index);
  }
  uint32_t zero = nck_recorder_string("a\0b", 3);
  CHECK(zero != 0 && strcmp(nck_recorder.strings + zero, "a?b") == 0);
  char *text = malloc(3 << 20);
  memset(text, 'x', 3 << 20);
  uint32_t big = nck_recorder_string(text, 3 << 20);
  CHECK(big != 0 && strlen(nck_recorder.strings + big) == 1 << 20); // cut
  CHECK_UINT(nck_recorder_string(text, 3 << 20), big);
  free(text);
  // Many: the table of those kept once grows, and the first are still known.
  uint32_t index[5000];
  for (int round = 0; round < 2; round++)
    for (int i = 0; i < 5000; i++) {
      char name[32];
      int n = snprintf(name, sizeof name, "name number %d", i);
      uint32_t kept = nck_recorder_string(name, (size_t)n);
      if (round == 0)
        index[i] = kept;
      if (kept == 0 || kept != index[i] || strcmp(nck_recorder.strings + kept, name) != 0)
        CHECK_UINT(kept, index[i]);
    }
  CHECK_UINT(nck_recorder_string("function_a", 10), a);
}

// --- threads ---

enum { N_THREADS = 8, N_EACH = 12000 };

static void *append_many(void *arg) {
  uint64_t mark = (uintptr_t)arg;
  char name[32];
  for (int i = 0; i < N_EACH; i++) {
    uint32_t n = i % 8 == 0 ? 5 : 1, row = nck_recorder_append(NCK_TABLE_OBJECT, n);
    for (uint32_t j = 0; j < n && row != 0; j++)
      nck_recorder.objects[row + j].real += mark; // added, so that two owners would show
    if (i % 50 == 0) {
      uint32_t words = nck_recorder_append(NCK_TABLE_STACK, 7);
      for (uint32_t j = 0; j < 7; j++)
        nck_recorder.stacks[words + j] += mark;
      // Half of the names are everybody's.
      int length = snprintf(name, sizeof name, "%s %d", i % 100 == 0 ? "shared" : "own", i);
      uint32_t kept = nck_recorder_string(name, (size_t)length);
      if (strcmp(nck_recorder.strings + kept, name) != 0)
        return (void *)1;
    }
    void *block = nck_own_alloc((size_t)(i % 300));
    nck_own_free(block, (size_t)(i % 300));
  }
  return NULL;
}

static void test_threads(void) {
  open_in("");
  pthread_t threads[N_THREADS];
  for (uintptr_t i = 0; i < N_THREADS; i++)
    CHECK(pthread_create(&threads[i], NULL, append_many, (void *)(i + 1)) == 0);
  for (int i = 0; i < N_THREADS; i++) {
    void *result;
    pthread_join(threads[i], &result);
    CHECK(result == NULL);
  }
  uint64_t n_by_owner[N_THREADS + 1] = {0};
  for (uint64_t i = 1; i < nck_recorder.header->n_rows[NCK_TABLE_OBJECT]; i++) {
    uint64_t owner = nck_recorder.objects[i].real;
    if (owner > N_THREADS)
      CHECK_UINT(owner, 0);
    else
      n_by_owner[owner]++;
  }
  for (int i = 1; i <= N_THREADS; i++)
    CHECK_UINT(n_by_owner[i], N_EACH + N_EACH / 8 * 4);
  CHECK(!nck_recorder_is_blind());
}

// --- fork ---

static int wait_for(pid_t child) {
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void fill_for_fork(void) {
  open_in("");
  for (uint32_t i = 0; i < 5000; i++)
    nck_recorder.objects[nck_recorder_append(NCK_TABLE_OBJECT, 1)].real = 1;
  uint32_t env = nck_recorder_append(NCK_TABLE_ENV, 1);
  nck_recorder.envs[env].n_calls = 100;
}

static void test_fork(void) {
  fill_for_fork();
  char parents_path[PATH_MAX];
  snprintf(parents_path, sizeof parents_path, "%s", nck_recorder_path());
  int turn[2];
  CHECK(pipe(turn) == 0);
  pid_t child = fork();
  if (child == 0) {
    n_checks = n_failed_checks = 0;
    bool called;
    CHECK(nck_recorder_is_inherited(&called) && !called);
    CHECK_UINT(nck_recorder.objects[5000].real, 1);
    // The parent writes now; nothing of it may show here, nor of ours there.
    char byte;
    CHECK(read(turn[0], &byte, 1) == 1);
    CHECK_UINT(nck_recorder.objects[1].real, 1);
    CHECK_UINT(nck_recorder.header->n_rows[NCK_TABLE_OBJECT], 5001);
    nck_recorder.objects[2].real = 3;
    uint32_t string = nck_recorder_string("the child's", 11);
    CHECK(string != 0);
    bool zero = true;
    for (uint32_t i = 5001; i <= 30000; i++)
      zero &= nck_recorder_append(NCK_TABLE_OBJECT, 1) == i && nck_recorder.objects[i].real == 0;
    CHECK(zero);
    nck_recorder_remove(); // not its own
    CHECK(access(parents_path, F_OK) == 0);
    nck_recorder.envs[1].n_calls++;
    CHECK(nck_recorder_is_inherited(&called) && called);
    // A child of the child has called nothing yet.
    pid_t grandchild = fork();
    if (grandchild == 0)
      _exit(nck_recorder_is_inherited(&called) && !called ? 0 : 1);
    CHECK_UINT(wait_for(grandchild), 0);
    CHECK(nck_recorder_adopt());
    CHECK(!nck_recorder_is_inherited(&called));
    CHECK(strcmp(nck_recorder_path(), parents_path) != 0);
    int file;
    struct nck_record_header *header = read_header(&file);
    CHECK_UINT(header->pid, getpid());
    CHECK_UINT(header->ppid, getppid());
    CHECK_UINT(header->n_rows[NCK_TABLE_OBJECT], 30001);
    struct nck_object object;
    CHECK(read_rows(file, header, NCK_TABLE_OBJECT, 2, 1, &object) && object.real == 3);
    char text[12];
    CHECK(read_rows(file, header, NCK_TABLE_STRING, string, sizeof text, text));
    CHECK(strcmp(text, "the child's") == 0);
    // And from now on what is written is in the file, in old rows and in new ones.
    nck_recorder.objects[2].real = 4;
    for (uint32_t i = 30001; i <= 60000; i++)
      nck_recorder.objects[nck_recorder_append(NCK_TABLE_OBJECT, 1)].real = i;
    close(file);
    free(header);
    header = read_header(&file);
    CHECK(read_rows(file, header, NCK_TABLE_OBJECT, 2, 1, &object) && object.real == 4);
    CHECK(read_rows(file, header, NCK_TABLE_OBJECT, 60000, 1, &object) && object.real == 60000);
    close(file);
    free(header);
    nck_recorder_remove();
    exit(CHECK_DONE());
  }
  nck_recorder.objects[1].real = 2;
  for (int i = 0; i < 300; i++)
    nck_recorder.objects[nck_recorder_append(NCK_TABLE_OBJECT, 1)].real = 9;
  CHECK(write(turn[1], "x", 1) == 1);
  CHECK_UINT(wait_for(child), 0);
  CHECK_UINT(nck_recorder.objects[2].real, 1);
  CHECK_UINT(nck_recorder.header->n_rows[NCK_TABLE_OBJECT], 5301);
  CHECK_UINT(nck_recorder.header->pid, getpid());
  int file;
  struct nck_record_header *header = read_header(&file);
  struct nck_object object;
  CHECK(read_rows(file, header, NCK_TABLE_OBJECT, 2, 1, &object) && object.real == 1);
  CHECK_UINT(header->pid, getpid());
  close(file);
  free(header);
}

// A child that loads another addon gets its record then.
static void test_fork_and_open(void) {
  fill_for_fork();
  pid_t child = fork();
  if (child == 0) {
    n_checks = n_failed_checks = 0;
    bool called;
    CHECK(nck_recorder_open());
    CHECK(!nck_recorder_is_inherited(&called));
    CHECK_UINT(nck_recorder.header->pid, getpid());
    CHECK_UINT(nck_recorder.objects[5000].real, 1);
    exit(CHECK_DONE());
  }
  CHECK_UINT(wait_for(child), 0);
  CHECK_UINT(nck_recorder.header->pid, getpid());
}

static void *append_until_told(void *arg) {
  bool *stop = arg;
  uint32_t n = 0;
  while (!__atomic_load_n(stop, __ATOMIC_RELAXED) && n++ < 300000) {
    char name[32];
    nck_recorder_append(NCK_TABLE_OBJECT, 1);
    nck_recorder_string(name, (size_t)snprintf(name, sizeof name, "%u", n % 5000));
  }
  return NULL;
}

static void *allocate_until_told(void *arg) {
  bool *stop = arg;
  while (!__atomic_load_n(stop, __ATOMIC_RELAXED))
    nck_own_free(nck_own_alloc(40000), 40000);
  return NULL;
}

// Other threads hold our locks most of the time: the child must find them free.
static void test_fork_among_threads(void) {
  open_in("");
  bool stop = false;
  pthread_t threads[2];
  CHECK(pthread_create(&threads[0], NULL, append_until_told, &stop) == 0);
  CHECK(pthread_create(&threads[1], NULL, allocate_until_told, &stop) == 0);
  bool good = true;
  for (int i = 0; i < 40 && good; i++) {
    pid_t child = fork();
    if (child == 0) {
      alarm(20);
      _exit(nck_recorder_string("of the child", 12) != 0 && nck_own_alloc(100) != NULL ? 0 : 1);
    }
    good = wait_for(child) == 0;
  }
  CHECK(good);
  __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
  pthread_join(threads[0], NULL);
  pthread_join(threads[1], NULL);
}

// --- no room ---

static void check_blind_after(uint32_t n_objects, const char *reason) {
  CHECK(n_objects > 100);
  CHECK(nck_recorder_is_blind());
  CHECK(nck_recorder.header->blind_ms > 0);
  const char *why = nck_recorder.strings + nck_recorder.header->blind_reason;
  if (strstr(why, reason) == NULL)
    fprintf(stderr, "blind because of: %s\n", why);
  CHECK(strstr(why, reason) != NULL);
  CHECK_UINT(nck_recorder_append(NCK_TABLE_FINDING, 1), 0);
  CHECK_UINT(nck_recorder_string("a new name", 10), 0);
  // What is there stays there, and can be written to.
  for (uint32_t i = 1; i <= n_objects; i++)
    nck_recorder.objects[i].real = i;
  CHECK_UINT(nck_recorder.objects[n_objects].real, n_objects);
}

static uint32_t fill(void) {
  uint32_t n = 0;
  while (n < 1u << 20 && nck_recorder_append(NCK_TABLE_OBJECT, 1) != 0)
    n++;
  return n;
}

static void test_size_limit(void) {
  struct rlimit limit = {1 << 20, RLIM_INFINITY};
  CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
  signal(SIGXFSZ, SIG_DFL); // would end us
  open_in("");
  check_blind_after(fill(), "File too large");
}

static void test_no_room_anywhere(void) {
  struct rlimit limit = {4096, RLIM_INFINITY};
  CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
  nck_options_read(NULL, NULL, true);
  errno = 4711;
  CHECK(!nck_recorder_open());
  unsigned n_lines = count_lines(said());
  CHECK(n_lines >= 1 && strstr(said(), "is not checked") != NULL);
  CHECK(strstr(said(), "File too large") != NULL);
  CHECK(!nck_recorder_open()); // said once
  CHECK_UINT(count_lines(said()), n_lines);
  CHECK_UINT(errno, 4711);
  CHECK_UINT(nck_recorder_append(NCK_TABLE_SITE, 1), 0);
}

static void write_text(const char *path, const char *text) {
  int file = open(path, O_WRONLY);
  CHECK(file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text));
  close(file);
}

// A mount namespace of our own: root has the right to it, others in a user namespace where that is
// allowed.
static bool may_mount(void) {
  char map[64];
  if (unshare(CLONE_NEWNS) != 0) {
    int uid = (int)geteuid(), gid = (int)getegid();
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
      return false;
    snprintf(map, sizeof map, "0 %d 1", uid);
    write_text("/proc/self/uid_map", map);
    write_text("/proc/self/setgroups", "deny");
    snprintf(map, sizeof map, "0 %d 1", gid);
    write_text("/proc/self/gid_map", map);
  }
  return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

static void test_full_disk(void) {
  CHECK(true);
  char path[128];
  path_in_folder(path, "disk");
  mkdir(path, 0700);
  if (!may_mount() || mount("none", path, "tmpfs", 0, "size=1m") != 0)
    return; // test_size_limit goes nearly the same way
  open_in(path);
  CHECK(strncmp(nck_recorder_path(), path, strlen(path)) == 0);
  check_blind_after(fill(), "No space left");
  // Every page was there before it was used: a page that was not would have been a SIGBUS above.
}

static void test_small_address_space(void) {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  struct rlimit limit = {256 << 20, RLIM_INFINITY};
  CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
#endif
  open_in("");
  uint32_t n = 0;
  while (n < 10000 && nck_recorder_append(NCK_TABLE_OBJECT, 1) != 0)
    n++;
  CHECK_UINT(n, 10000);
  CHECK(nck_own_alloc(100000) != NULL);
  struct nck_range ranges[4];
  CHECK_UINT(nck_recorder_ranges(ranges, 4), 2);
}

// --- places ---

static void test_symbolic_link(void) {
  char home[128], elsewhere[128], link[160];
  path_in_folder(home, "run");
  path_in_folder(elsewhere, "elsewhere");
  mkdir(home, 0700);
  mkdir(elsewhere, 0700);
  snprintf(link, sizeof link, "%s/napicheck", home);
  CHECK(symlink(elsewhere, link) == 0);
  setenv("XDG_RUNTIME_DIR", home, 1);
  open_in("");
  CHECK(strncmp(nck_recorder_path(), home, strlen(home)) != 0);
  CHECK(rmdir(elsewhere) == 0); // nothing was put there
  CHECK(strstr(said(), link) != NULL && strstr(said(), "symbolic link") != NULL);
  CHECK_UINT(count_lines(said()), 1);
  nck_recorder_remove();
}

static void test_open_directory(void) {
  char home[128], ours[160];
  path_in_folder(home, "run2");
  snprintf(ours, sizeof ours, "%s/napicheck", home);
  mkdir(home, 0700);
  mkdir(ours, 0700);
  CHECK(chmod(ours, 0755) == 0);
  setenv("XDG_RUNTIME_DIR", home, 1);
  open_in("");
  CHECK(strncmp(nck_recorder_path(), home, strlen(home)) != 0);
  CHECK(strstr(said(), ours) != NULL);
  nck_recorder_remove();
}

static void test_missing_runtime_directory(void) {
  setenv("XDG_RUNTIME_DIR", "/nonexistent", 1);
  open_in("");
  CHECK(said()[0] == '\0'); // usual in containers
  nck_recorder_remove();
}

static void test_directory(void) {
  char path[128], expected[160];
  path_in_folder(path, "my records");
  mkdir(path, 0755); // the user's choice
  snprintf(expected, sizeof expected, "%s/%d-", path, (int)getpid());
  char quoted[160];
  snprintf(quoted, sizeof quoted, "\"%s\"", path);
  open_in(quoted);
  CHECK(strncmp(nck_recorder_path(), expected, strlen(expected)) == 0);
  CHECK(said()[0] == '\0');
}

static void test_unusable_record(void) {
  open_in("/nonexistent/%p");
  CHECK_UINT(count_lines(said()), 1);
  CHECK(strstr(said(), "/nonexistent/%p") != NULL);
  CHECK(strstr(said(), "No such file or directory") != NULL);
  CHECK(strncmp(nck_recorder_path(), folder, strlen(folder)) == 0);
}

static void test_file(void) {
  char path[128], expected[160];
  path_in_folder(path, "file-%p-%%");
  open_in(path);
  char name[64];
  snprintf(name, sizeof name, "file-%d-%%", (int)getpid());
  path_in_folder(expected, name);
  CHECK(strcmp(nck_recorder_path(), expected) == 0);
}

static void test_relative_file(void) {
  CHECK(chdir(folder) == 0);
  open_in("relative");
  CHECK(chdir("/") == 0);
  CHECK(fill() == 1u << 20); // finds its file again
  char expected[128];
  path_in_folder(expected, "relative");
  CHECK(strcmp(nck_recorder_path(), expected) == 0);
}

static void test_foreign_file(void) {
  char path[128], text[16] = "";
  path_in_folder(path, "thesis");
  int file = open(path, O_RDWR | O_CREAT, 0600);
  CHECK(write(file, "my thesis", 9) == 9);
  open_in(path);
  CHECK(strcmp(nck_recorder_path(), path) != 0);
  CHECK(strstr(said(), "is not a record") != NULL);
  CHECK(pread(file, text, sizeof text - 1, 0) == 9 && strcmp(text, "my thesis") == 0);
}

static void test_same_file(void) {
  char path[128];
  path_in_folder(path, "same");
  // A finished record goes, one of a living process stays.
  for (int i = 0; i < 2; i++) {
    pid_t child = fork();
    if (child == 0) {
      open_in(path);
      _exit(strcmp(nck_recorder_path(), path) == 0 && n_failed_checks == 0 ? 0 : 1);
    }
    CHECK_UINT(wait_for(child), 0);
  }
  open_in(path);
  CHECK(strcmp(nck_recorder_path(), path) == 0);
  // Another program in this process, by exec or as a child.
  struct nck_place place;
  int file;
  CHECK(nck_place_open(&place, path, 0, 4096, &file));
  CHECK(strncmp(place.path, path, strlen(path)) == 0 && strlen(place.path) > strlen(path));
  nck_place_remove(&place);
}

static void test_run_directory(void) {
  char path[128];
  path_in_folder(path, "launcher");
  mkdir(path, 0700);
  setenv("NAPICHECK_RUN", path, 1);
  open_in("/nonexistent/x");
  CHECK(nck_recorder_is_in_run());
  CHECK(strncmp(nck_recorder_path(), path, strlen(path)) == 0);
  CHECK(said()[0] == '\0');
}

static void test_tight_umask(void) {
  umask(0777);
  open_in("");
  CHECK(fill() == 1u << 20);
  umask(077);
}

// --- descriptors ---

static void test_descriptors(void) {
  int lowest = dup(0);
  close(lowest);
  open_in("");
  int again = dup(0);
  CHECK_UINT(again, lowest); // none of the low numbers is taken
  close(again);
  // A program that closes everything, and gets these numbers for files of its own.
  int theirs = memfd_create("theirs", 0);
  for (int i = 3; i < 1010; i++)
    if (i != theirs && i != said_file && i != true_stderr)
      dup2(theirs, i);
  CHECK(fill() == 1u << 20);
  struct stat status;
  CHECK(fstat(theirs, &status) == 0 && status.st_size == 0);
  CHECK(!nck_recorder_is_blind());
}

static void test_removed_file(void) {
  open_in("");
  CHECK(unlink(nck_recorder_path()) == 0);
  // With a descriptor kept (root) it goes on, without one it is blind; never is another file taken
  // for it.
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s", nck_recorder_path());
  int other = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
  uint32_t n = fill();
  CHECK((n == 1u << 20) == !nck_recorder_is_blind());
  struct stat status;
  CHECK(fstat(other, &status) == 0 && status.st_size == 0);
  nck_recorder_remove();
  CHECK(access(path, F_OK) == 0); // it is another file
}

// --- memory of ours ---

static bool is_zero(const unsigned char *block, size_t bytes) {
  for (size_t i = 0; i < bytes; i++)
    if (block[i] != 0)
      return false;
  return true;
}

static void test_own_memory(void) {
  static const size_t sizes[] = {0, 1, 16, 17, 500, 1024, 1025, 4096, 70000, 131072, 3000000};
  enum { N_SIZES = sizeof sizes / sizeof *sizes };
  for (int round = 0; round < 3; round++) {
    unsigned char *blocks[N_SIZES][2];
    for (int i = 0; i < N_SIZES; i++)
      for (int j = 0; j < 2; j++) {
        errno = 4711;
        unsigned char *block = blocks[i][j] = nck_own_alloc(sizes[i]);
        CHECK(block != NULL && errno == 4711);
        CHECK_UINT((uintptr_t)block % (sizes[i] >= 4096 ? 4096 : 16), 0);
        CHECK(is_zero(block, sizes[i]));
        memset(block, 0xa5, sizes[i]);
      }
    for (int i = 0; i < N_SIZES; i++)
      for (int j = 0; j < 2; j++) {
        CHECK(sizes[i] == 0 || (blocks[i][j][0] == 0xa5 && blocks[i][j][sizes[i] - 1] == 0xa5));
        nck_own_free(blocks[i][j], sizes[i]);
      }
  }
  // Used again: a million rounds take no more memory.
  uint64_t before = nck_own_bytes();
  for (int i = 0; i < 100000; i++)
    nck_own_free(nck_own_alloc((size_t)(i % 2000)), (size_t)(i % 2000));
  CHECK(nck_own_bytes() <= before + (1 << 20));
  CHECK(nck_own_alloc((size_t)1 << 40) == NULL);
  nck_own_free(NULL, 5);
  uintptr_t low, high;
  nck_own_range(&low, &high);
  uintptr_t block = (uintptr_t)nck_own_alloc(10);
  CHECK(block >= low && block < high);
}

static void test_ranges(void) {
  struct nck_range ranges[4];
  open_in("");
  nck_own_alloc(1);
  CHECK_UINT(nck_recorder_ranges(ranges, 1), 1);
  size_t n = nck_recorder_ranges(ranges, 4);
  CHECK_UINT(n, 2);
  const void *const ours[] = {nck_recorder.header, nck_recorder.strings, nck_recorder.objects,
                              nck_recorder.profiles, nck_own_alloc(5)};
  for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
    bool found = false;
    for (size_t j = 0; j < n; j++)
      found |= (uintptr_t)ours[i] >= ranges[j].low && (uintptr_t)ours[i] < ranges[j].high;
    CHECK(found);
  }
}

static void test_clock(void) {
  open_in("");
  uint64_t before = nck_recorder_ns();
  usleep(30000);
  CHECK(nck_recorder_ns() >= before + 30000000);
  CHECK(nck_recorder_ms() >= 20 && nck_recorder_ms() < 50000);
}

int main(void) {
  snprintf(folder, sizeof folder, "/tmp/napicheck-unit-XXXXXX");
  if (mkdtemp(folder) == NULL)
    return 1;
#define RUN(test) run(#test, test)
  RUN(test_identity);
  RUN(test_growth);
  RUN(test_rows_together);
  RUN(test_full_table);
  RUN(test_strings);
  RUN(test_threads);
  RUN(test_fork);
  RUN(test_fork_and_open);
  RUN(test_fork_among_threads);
  RUN(test_size_limit);
  RUN(test_no_room_anywhere);
  RUN(test_full_disk);
  RUN(test_small_address_space);
  RUN(test_symbolic_link);
  RUN(test_open_directory);
  RUN(test_missing_runtime_directory);
  RUN(test_directory);
  RUN(test_unusable_record);
  RUN(test_file);
  RUN(test_relative_file);
  RUN(test_foreign_file);
  RUN(test_same_file);
  RUN(test_run_directory);
  RUN(test_tight_umask);
  RUN(test_descriptors);
  RUN(test_removed_file);
  RUN(test_own_memory);
  RUN(test_ranges);
  RUN(test_clock);
  char command[128];
  snprintf(command, sizeof command, "rm -rf %s", folder);
  CHECK(system(command) == 0);
  return CHECK_DONE();
}
