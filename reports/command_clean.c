// command_clean.c: `napicheck clean [DIR...]`: lists the records of processes that are no more;
// removes them when it is told so (--force).
//
// Only regular files of the user's own that are records go, and the folders that `napicheck run`
// made for them. What belongs to a living process stays, and so does what a living `napicheck run`
// has still to report on.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "memory.h"
#include "policy.h"
#include "process.h"
#include "read.h"

enum { KEY_OLDER_THAN = 2000 };

struct arguments {
  bool force, dry_run; // the latter wins
  long older_than_hours;
  char **folders;
  int n_folders;
};

struct sum {
  unsigned n_dead, n_running, n_young, n_failed;
  uint64_t bytes; // of the dead
};

static error_t parse(int key, char *value, struct argp_state *state) {
  struct arguments *arguments = state->input;
  char *end;
  switch (key) {
  case 'f':
  case 'y':
    arguments->force = true;
    return 0;
  case 'n':
    arguments->dry_run = true;
    return 0;
  case KEY_OLDER_THAN:
    arguments->older_than_hours = strtol(value, &end, 10);
    if (end == value || *end || arguments->older_than_hours < 0)
      argp_error(state, "--older-than=%s is not a number of hours", value);
    return 0;
  case ARGP_KEY_ARGS:
    arguments->folders = state->argv + state->next;
    arguments->n_folders = state->argc - state->next;
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_option rows[] = {
    {"force", 'f', NULL, 0, "remove what is listed as dead", 0},
    {"yes", 'y', NULL, OPTION_ALIAS, NULL, 0},
    {"dry-run", 'n', NULL, 0, "only list, whatever else is said (that is the default)", 0},
    {"older-than", KEY_OLDER_THAN, "HOURS", 0, "leave younger ones alone", 0},
    {0},
};
static const struct argp argp = {
    .options = rows,
    .parser = parse,
    .args_doc = "[DIR...]",
    .doc = "List the records of processes that are no more; with --force, remove them. Without "
           "DIR: in the places where records are kept by default.\v"
           "Example:\n  napicheck clean           what is there\n"
           "  napicheck clean --force   away with it\n\n"
           "Exit status: 0, 2 when a record could not be removed.",
};

static bool is_removing(const struct arguments *arguments) {
  return arguments->force && !arguments->dry_run;
}

static void print_row(const char *path, const struct nck_record *record, const char *what) {
  struct nck_arena scratch = {0};
  const char *command = nck_arena_clean(&scratch, nck_record_string(record, record->header.argv));
  time_t start = (time_t)(record->header.start_wall_ns / 1000000000u);
  struct tm local;
  char when[32] = "?";
  if (start && localtime_r(&start, &local))
    strftime(when, sizeof when, "%Y-%m-%d %H:%M", &local);
  printf("%-8s pid %-8u %s %7llu KiB  %.60s  %s\n", what, record->header.pid, when,
         (unsigned long long)(record->file_bytes >> 10), command, nck_arena_clean(&scratch, path));
  nck_arena_drop(&scratch);
}

// What is no record of this version is not ours to remove. It is said, as it would stay for ever.
static void print_other(const char *path, const struct nck_error *error) {
  struct nck_arena scratch = {0};
  printf("left     %s\n", nck_arena_clean(&scratch, error->text[0] ? error->text : path));
  nck_arena_drop(&scratch);
}

static void judge_file(const struct arguments *arguments, const char *path,
                       const struct stat *status, bool awaited, struct sum *sum) {
  struct nck_record record;
  struct nck_error error = {""};
  if (!nck_record_open(&record, path, &error)) {
    print_other(path, &error);
    return;
  }
  if (nck_process_is_alive(record.header.pid, record.header.start_ticks) ||
      nck_record_is_written(&record)) {
    print_row(path, &record, "running");
    sum->n_running++;
  } else if (awaited) { // by its `napicheck run`, which goes on
    print_row(path, &record, "awaited");
    sum->n_running++;
  } else if (time(NULL) - status->st_mtim.tv_sec < arguments->older_than_hours * 3600) {
    sum->n_young++;
  } else if (is_removing(arguments) && unlink(path) != 0) {
    nck_error_set(&error, "cannot remove %s: %s", path, strerror(errno));
    nck_error_print(&error);
    sum->n_failed++;
  } else {
    print_row(path, &record, is_removing(arguments) ? "removed" : "dead");
    sum->n_dead++;
    sum->bytes += record.file_bytes;
  }
  nck_record_drop(&record);
}

static bool has_suffix(const char *name, const char *suffix) {
  size_t length = strlen(name), n = strlen(suffix);
  return length >= n && !strcmp(name + length - n, suffix);
}

// `napicheck run` holds its folder locked as long as it lives.
static bool is_of_living_run(int folder) {
  return flock(folder, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

static void clean_folder(const struct arguments *arguments, const char *folder, struct sum *sum) {
  DIR *dir = opendir(folder);
  const struct dirent *entry;
  bool awaited = dir && is_of_living_run(dirfd(dir));
  while (dir && (entry = readdir(dir))) {
    struct nck_text path = {0};
    nck_text_add(&path, "%s/%s", folder, entry->d_name);
    struct stat status;
    if (has_suffix(entry->d_name, NCK_RECORD_SUFFIX) && lstat(path.text, &status) == 0 &&
        S_ISREG(status.st_mode) && status.st_uid == geteuid())
      judge_file(arguments, path.text, &status, awaited, sum);
    nck_text_drop(&path);
  }
  if (dir)
    closedir(dir);
}

// The folders of `napicheck run` in a folder; one that is emptied goes as well.
static void clean_runs(const struct arguments *arguments, const char *parent, struct sum *sum) {
  static const char prefix[] = NCK_RUN_FOLDER_PREFIX;
  DIR *dir = opendir(parent);
  const struct dirent *entry;
  while (dir && (entry = readdir(dir))) {
    if (strncmp(entry->d_name, prefix, sizeof prefix - 1) != 0)
      continue;
    struct nck_text path = {0};
    nck_text_add(&path, "%s/%s", parent, entry->d_name);
    struct stat status;
    if (lstat(path.text, &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == geteuid()) {
      unsigned before = sum->n_dead;
      clean_folder(arguments, path.text, sum);
      // A run that has just begun has an empty folder, too: only those that held something go.
      if (sum->n_dead > before && is_removing(arguments))
        rmdir(path.text);
    }
    nck_text_drop(&path);
  }
  if (dir)
    closedir(dir);
}

static void clean_usual_places(const struct arguments *arguments, struct sum *sum) {
  const struct {
    const char *parent;
    bool per_user;
  } places[] = {{getenv("XDG_RUNTIME_DIR"), true},
                {"/dev/shm", false},
                {getenv("TMPDIR"), false},
                {"/tmp", false}};
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    const char *parent = places[i].parent;
    bool seen = !parent || *parent != '/';
    for (size_t k = 0; k < i && !seen; k++)
      seen = places[k].parent && !strcmp(places[k].parent, parent);
    if (seen)
      continue;
    struct nck_text folder = {0};
    if (places[i].per_user)
      nck_text_add(&folder, "%s/napicheck", parent);
    else
      nck_text_add(&folder, "%s/napicheck-%ld", parent, (long)geteuid());
    struct stat status;
    if (lstat(folder.text, &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == geteuid())
      clean_folder(arguments, folder.text, sum);
    nck_text_drop(&folder);
    clean_runs(arguments, parent, sum);
  }
}

int nck_command_clean(int argc, char **argv) {
  struct arguments arguments = {.dry_run = false};
  nck_cli_check(argc, argv, rows, 0);
  argp_parse(&argp, argc, argv, 0, NULL, &arguments);
  signal(SIGIO, SIG_IGN); // what a lease brings when somebody opens the file just then
  struct sum sum = {0};
  for (int i = 0; i < arguments.n_folders; i++) {
    struct stat status;
    if (stat(arguments.folders[i], &status) != 0 || !S_ISDIR(status.st_mode)) {
      struct nck_error error;
      nck_error_set(&error, "%s is not a folder", arguments.folders[i]);
      nck_error_print(&error);
      return NCK_EXIT_USAGE;
    }
    clean_folder(&arguments, arguments.folders[i], &sum);
    clean_runs(&arguments, arguments.folders[i], &sum);
  }
  if (!arguments.n_folders)
    clean_usual_places(&arguments, &sum);
  bool removing = is_removing(&arguments);
  printf("%u record%s of dead processes %s (%llu KiB), %u of running ones left", sum.n_dead,
         sum.n_dead == 1 ? "" : "s", removing ? "removed" : "found",
         (unsigned long long)(sum.bytes >> 10), sum.n_running);
  if (sum.n_young)
    printf(", %u younger than %ld hours left", sum.n_young, arguments.older_than_hours);
  if (sum.n_dead && !removing && !arguments.dry_run)
    printf("; --force removes %s", sum.n_dead == 1 ? "it" : "them");
  putchar('\n');
  return sum.n_failed ? NCK_EXIT_USAGE : 0;
}
