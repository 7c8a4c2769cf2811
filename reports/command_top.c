// command_top.c: `napicheck top PID`: a live view of a process that runs under napicheck.
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ncurses.h>

#include "cli.h"
#include "json.h"
#include "output.h"
#include "policy.h"
#include "top.h"

enum { KEY_ONCE = 2000, KEY_JSON, KEY_INTERVAL, KEY_SORT, KEY_FILTER, KEY_LINES };

struct arguments {
  uint32_t pid;
  bool once, json;
  double interval;
  enum nck_top_order order;
  const char *filter;
  size_t lines; // of --once; 0 all
};

static double parse_number(struct argp_state *state, const char *name, const char *value,
                           double least, double most) {
  char *end;
  double number = strtod(value, &end);
  if (end == value || *end || !(number >= least && number <= most))
    argp_error(state, "--%s=%s is not a number from %g to %g", name, value, least, most);
  return number;
}

static error_t parse(int key, char *value, struct argp_state *state) {
  struct arguments *arguments = state->input;
  switch (key) {
  case KEY_ONCE:
    arguments->once = true;
    return 0;
  case KEY_JSON:
    arguments->json = arguments->once = true;
    return 0;
  case KEY_INTERVAL:
    arguments->interval = parse_number(state, "interval", value, 0.1, 3600);
    return 0;
  case KEY_SORT:
    arguments->order = nck_top_order_find(value);
    if (arguments->order == NCK_N_TOP_ORDERS)
      argp_error(state, "--sort=%s: there are live, growth, created, peak, mark, name", value);
    return 0;
  case KEY_FILTER:
    arguments->filter = value;
    return 0;
  case KEY_LINES:
    arguments->lines = (size_t)parse_number(state, "lines", value, 0, 1e9);
    return 0;
  case ARGP_KEY_ARG:
    if (state->arg_num)
      argp_error(state, "one process at a time");
    if (!*value || value[strspn(value, "0123456789")] || strlen(value) > 9)
      argp_error(state, "%s is not the number of a process", value);
    arguments->pid = (uint32_t)strtoul(value, NULL, 10);
    return 0;
  case ARGP_KEY_NO_ARGS:
    argp_error(state, "which process?");
    return 0;
  default:
    return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp_option rows[] = {
    {"once", KEY_ONCE, NULL, 0, "print one table after one interval, without a terminal", 0},
    {"json", KEY_JSON, NULL, 0, "the same as JSON", 0},
    {"interval", KEY_INTERVAL, "SECONDS", 0, "time between two looks, 1", 0},
    {"sort", KEY_SORT, "WORD", 0, "live, growth, created, peak, mark, name", 0},
    {"filter", KEY_FILTER, "TEXT", 0, "only sites whose name, kind or module holds it", 0},
    {"lines", KEY_LINES, "N", 0, "rows that --once prints at most", 0},
    {0},
};
static const struct argp argp = {
    .options = rows,
    .parser = parse,
    .args_doc = "PID",
    .doc = "Watch the call sites of a running process that was started under napicheck: what they "
           "made, what lives, how fast it grows. The process is neither stopped nor slowed.\v"
           "Example:\n  napicheck top --once --sort=growth 4711\n\n"
           "Keys: s next order, r reverse, / filter, m mark, u unmark, w snapshot, p pause, "
           "Enter stack, q end.",
};

struct view {
  struct nck_top top;
  struct arguments *arguments;
  enum nck_top_order order;
  bool reverse, paused, typing, unfolded;
  char filter[128];
  char message[256];
  size_t at, first; // chosen row, first row on the screen
  unsigned n_snapshots;
  bool color;
};

static void format_growth(char *text, size_t size, double growth) {
  if (growth > -0.05 && growth < 0.05)
    snprintf(text, size, "0");
  else if (growth > -100 && growth < 100)
    snprintf(text, size, "%+.1f", growth);
  else
    snprintf(text, size, "%+.0f", growth);
}

static void format_row(const struct nck_top *top, const struct nck_top_site *site, char *text,
                       size_t size) {
  char growth[32], mark[32] = "";
  format_growth(growth, sizeof growth, site->growth);
  if (top->marked)
    snprintf(mark, sizeof mark, "%+lld", (long long)site->live - (long long)site->mark);
  snprintf(text, size, "%9llu %9s %9s %10llu %9llu  %-19s %s%s%s", (unsigned long long)site->live,
           growth, mark, (unsigned long long)site->created, (unsigned long long)site->peak,
           nck_object_kind_key(site->kind), site->name, *site->package ? "  in " : "",
           site->package);
}

static const char *headings(void) {
  return "     LIVE  GROWTH/S SINCEMARK    CREATED      PEAK  KIND                SITE";
}

static int print_once(struct nck_top *top, const struct arguments *arguments) {
  nck_top_sample(top);
  if (!top->ended) {
    usleep((useconds_t)(arguments->interval * 1e6));
    nck_top_sample(top);
  }
  size_t n;
  const struct nck_top_site **list =
      nck_top_list(top, arguments->order, false, arguments->filter, &n);
  if (arguments->lines && n > arguments->lines)
    n = arguments->lines;
  if (arguments->json) {
    json_t *json = nck_top_json(top, list, n);
    nck_json_write(json, stdout);
    json_decref(json);
  } else {
    printf("pid %u %s: %s, %llu calls, %s after %llu.%llu s\n%s\n", top->pid, top->runtime,
           top->command, (unsigned long long)top->n_calls, top->ended ? "ended" : "running",
           (unsigned long long)(top->age_ms / 1000), (unsigned long long)(top->age_ms / 100 % 10),
           headings());
    for (size_t i = 0; i < n; i++) {
      char row[2048];
      format_row(top, list[i], row, sizeof row);
      puts(row);
    }
  }
  free(list);
  return fflush(stdout) == 0 ? 0 : NCK_EXIT_USAGE;
}

// At most `columns` characters of clean UTF-8.
static void put_line(int line, const char *text, int columns) {
  size_t length = 0;
  for (int n = 0; text[length] && n < columns; n++) {
    length++;
    while (((unsigned char)text[length] & 0xc0) == 0x80)
      length++;
  }
  move(line, 0);
  addnstr(text, (int)length);
}

static void draw_head(const struct view *view, size_t n_shown) {
  const struct nck_top *top = &view->top;
  char text[1024];
  snprintf(text, sizeof text, "napicheck top: pid %u %s, %llu.%llu s%s%s: %s", top->pid,
           top->runtime ? top->runtime : "", (unsigned long long)(top->age_ms / 1000),
           (unsigned long long)(top->age_ms / 100 % 10), top->ended ? ", ended" : "",
           view->paused ? ", paused" : "", top->command ? top->command : "");
  attron(A_BOLD);
  put_line(0, text, COLS);
  attroff(A_BOLD);
  const struct nck_counter *counters = top->counters;
  snprintf(text, sizeof text,
           "%llu calls; live: %llu references, %llu async works, %llu threadsafe functions, %llu "
           "deferreds, %llu externals; record %llu KiB",
           (unsigned long long)top->n_calls, (unsigned long long)counters[NCK_KIND_REFERENCE].live,
           (unsigned long long)counters[NCK_KIND_ASYNC_WORK].live,
           (unsigned long long)counters[NCK_KIND_THREADSAFE_FUNCTION].live,
           (unsigned long long)counters[NCK_KIND_DEFERRED].live,
           (unsigned long long)counters[NCK_KIND_EXTERNAL].live,
           (unsigned long long)(top->record_bytes >> 10));
  put_line(1, text, COLS);
  char mark[64] = "";
  if (top->marked)
    snprintf(mark, sizeof mark, "; mark %llu s ago",
             (unsigned long long)((top->age_ms - top->mark_ms) / 1000));
  snprintf(text, sizeof text, "%zu site%s by %s%s%s%s%s", n_shown, n_shown == 1 ? "" : "s",
           nck_top_order_word(view->order), view->reverse ? ", reversed" : "",
           *view->filter ? "; filter: " : "", view->filter, mark);
  put_line(2, text, COLS);
  attron(A_REVERSE);
  put_line(3, headings(), COLS);
  mvchgat(3, 0, -1, A_REVERSE, 0, NULL);
  attroff(A_REVERSE);
}

static void draw_stack(const struct nck_top_site *site, int line) {
  struct nck_arena scratch = {0};
  const struct nck_report_stack *stack = &site->stack;
  put_line(line++,
           nck_arena_print(&scratch, "made by %s%s:", site->function,
                           site->init ? " while the module initialised" : ""),
           COLS);
  for (uint32_t i = 0; i < stack->n_frames && line < LINES - 1; i++)
    put_line(line++,
             nck_arena_print(&scratch, "  %c #%-2u %s", stack->frames[i].addon ? '*' : ' ', i,
                             nck_report_frame_text(&scratch, &stack->frames[i])),
             COLS);
  for (uint32_t i = 0; i < stack->n_js && line < LINES - 1; i++)
    put_line(line++,
             nck_arena_print(&scratch, "    at %s (%s:%u:%u)",
                             *stack->js[i].function ? stack->js[i].function : "<anonymous>",
                             stack->js[i].path, stack->js[i].line, stack->js[i].column),
             COLS);
  nck_arena_drop(&scratch);
}

static void draw(struct view *view) {
  size_t n;
  const struct nck_top_site **list =
      nck_top_list(&view->top, view->order, view->reverse, view->filter, &n);
  if (view->at >= n)
    view->at = n ? n - 1 : 0;
  erase();
  draw_head(view, n);
  size_t room = LINES > 6 ? (size_t)LINES - 5 : 1;
  if (view->unfolded && n) {
    draw_stack(list[view->at], 5);
    char row[2048];
    format_row(&view->top, list[view->at], row, sizeof row);
    put_line(4, row, COLS);
  } else {
    if (view->at < view->first)
      view->first = view->at;
    if (view->at >= view->first + room)
      view->first = view->at - room + 1;
    for (size_t i = 0; i < room && view->first + i < n; i++) {
      const struct nck_top_site *site = list[view->first + i];
      char row[2048];
      format_row(&view->top, site, row, sizeof row);
      int line = 4 + (int)i;
      put_line(line, row, COLS);
      attr_t bold = site->growth > 0.05 ? A_BOLD : A_NORMAL;
      short pair = !view->color ? 0 : site->growth > 0.05 ? 1 : site->growth < -0.05 ? 2 : 0;
      mvchgat(line, 10, 9, bold, pair, NULL);
      if (view->first + i == view->at)
        mvchgat(line, 0, -1, A_REVERSE, 0, NULL);
    }
  }
  char help[512];
  if (view->typing)
    snprintf(help, sizeof help, "filter: %s_", view->filter);
  else
    snprintf(help, sizeof help, "%s",
             *view->message ? view->message
                            : "q end  s order  r reverse  / filter  m mark  u unmark  w snapshot  "
                              "p pause  Enter stack");
  put_line(LINES - 1, help, COLS - 1);
  refresh();
  free(list);
}

static void write_snapshot(struct view *view) {
  size_t n;
  const struct nck_top_site **list =
      nck_top_list(&view->top, view->order, view->reverse, view->filter, &n);
  char name[64];
  do
    snprintf(name, sizeof name, "napicheck-top-%u-%u.json", view->top.pid, ++view->n_snapshots);
  while (access(name, F_OK) == 0);
  struct nck_error error = {""};
  struct nck_output output;
  bool good = nck_output_open(&output, name, &error);
  if (good) {
    json_t *json = nck_top_json(&view->top, list, n);
    nck_json_write(json, output.stream);
    json_decref(json);
    good = nck_output_close(&output, &error);
  }
  snprintf(view->message, sizeof view->message, good ? "wrote %.200s" : "%.200s",
           good ? name : error.text);
  free(list);
}

// True to go on.
static bool type_filter(struct view *view, int key) {
  size_t length = strlen(view->filter);
  if (key == '\n' || key == KEY_ENTER || key == '\r') {
    view->typing = false;
  } else if (key == 27) { // Escape
    view->typing = false;
    view->filter[0] = '\0';
  } else if (key == KEY_BACKSPACE || key == 127 || key == 8) {
    if (length)
      view->filter[length - 1] = '\0';
  } else if (key >= 32 && key < 256 && length + 1 < sizeof view->filter) {
    view->filter[length] = (char)key;
    view->filter[length + 1] = '\0';
  }
  view->at = view->first = 0;
  return true;
}

static bool handle(struct view *view, int key) {
  if (view->typing)
    return type_filter(view, key);
  view->message[0] = '\0';
  size_t page = LINES > 6 ? (size_t)LINES - 5 : 1;
  switch (key) {
  case 'q':
    return false;
  case 27: // Escape
    view->unfolded = false;
    break;
  case 's':
    view->order = (enum nck_top_order)((view->order + 1) % NCK_N_TOP_ORDERS);
    break;
  case 'r':
    view->reverse = !view->reverse;
    break;
  case '/':
    view->typing = true;
    view->unfolded = false;
    break;
  case 'm':
    nck_top_mark(&view->top);
    snprintf(view->message, sizeof view->message, "marked: SINCEMARK counts from now");
    break;
  case 'u':
    view->top.marked = false;
    break;
  case 'w':
    write_snapshot(view);
    break;
  case 'p':
    view->paused = !view->paused;
    break;
  case '\n':
  case '\r':
  case KEY_ENTER:
    view->unfolded = !view->unfolded;
    break;
  case KEY_DOWN:
  case 'j':
    view->at++;
    break;
  case KEY_UP:
  case 'k':
    view->at -= view->at > 0;
    break;
  case KEY_NPAGE:
    view->at += page;
    break;
  case KEY_PPAGE:
    view->at -= view->at < page ? view->at : page;
    break;
  case KEY_HOME:
    view->at = 0;
    break;
  case KEY_END:
    view->at = SIZE_MAX / 2;
    break;
  default:
    break;
  }
  return true;
}

static void set_up_colors(struct view *view) {
  const char *no_color = getenv("NO_COLOR");
  if ((no_color && *no_color) || !has_colors())
    return;
  start_color();
  use_default_colors();
  init_pair(1, COLOR_RED, -1);
  init_pair(2, COLOR_GREEN, -1);
  view->color = true;
}

static int watch(struct nck_top *top, struct arguments *arguments) {
  struct view view = {.top = *top, .arguments = arguments, .order = arguments->order};
  snprintf(view.filter, sizeof view.filter, "%s", arguments->filter);
  SCREEN *screen = newterm(NULL, stdout, stdin);
  if (!screen) {
    struct nck_error error;
    nck_error_set(&error, "this terminal (TERM=%s) cannot show it; --once prints a table",
                  getenv("TERM") ? getenv("TERM") : "");
    nck_error_print(&error);
    return NCK_EXIT_USAGE;
  }
  set_up_colors(&view);
  cbreak();
  noecho();
  curs_set(0);
  keypad(stdscr, TRUE);
  set_escdelay(25);
  nck_top_sample(&view.top);
  bool going = true;
  double waited = 0;
  while (going) {
    draw(&view);
    // A key is answered at once; a sample is taken when its time has come.
    timeout(100);
    int key = getch();
    if (key != ERR)
      going = handle(&view, key);
    else
      waited += 0.1;
    if (waited >= arguments->interval - 0.05) {
      waited = 0;
      if (!view.paused && !view.top.ended)
        nck_top_sample(&view.top);
    }
  }
  endwin();
  delscreen(screen);
  *top = view.top;
  return 0;
}

int nck_command_top(int argc, char **argv) {
  struct arguments arguments = {.interval = 1, .order = NCK_TOP_LIVE, .filter = ""};
  setlocale(LC_CTYPE, "");
  nck_cli_check(argc, argv, rows, 0);
  argp_parse(&argp, argc, argv, 0, NULL, &arguments);
  struct nck_error error = {""};
  struct nck_top top;
  if (!nck_top_open(&top, arguments.pid, &error)) {
    nck_error_print(&error);
    return NCK_EXIT_USAGE;
  }
  bool terminal = isatty(STDOUT_FILENO) && isatty(STDIN_FILENO);
  int status = arguments.once || !terminal ? print_once(&top, &arguments) : watch(&top, &arguments);
  nck_top_drop(&top);
  return status;
}
