// page.c: pages in a terminal, and as Markdown for other places.
//
// Pages use a small part of Markdown: headings, paragraphs, lists, fenced code, bold, code and
// links. scripts/check-docs holds them to it.
#include <string.h>

#include "memory.h"
#include "pages.h"

#define INDENT 2 // of what stands below a heading
#define TEXT_WIDTH 100
#define MARK_BOLD '\1'
#define MARK_CODE '\2'
#define MARK_OFF '\3'

static const char *const codes[] = {
    [MARK_BOLD] = "\033[1m", [MARK_CODE] = "\033[36m", [MARK_OFF] = "\033[0m"};

struct printer {
  FILE *out;
  unsigned width;
  bool color;
};

static void put(const struct printer *printer, char c) {
  if (c > MARK_OFF)
    putc(c, printer->out);
  else if (printer->color)
    fputs(codes[(unsigned char)c], printer->out);
}

// Marks have no width, and of a character's bytes only the first counts.
static unsigned columns_of(const char *text, size_t length) {
  unsigned columns = 0;
  for (size_t i = 0; i < length; i++)
    columns += (unsigned char)text[i] > MARK_OFF && ((unsigned char)text[i] & 0xc0) != 0x80;
  return columns;
}

static void print_wrapped(const struct printer *printer, const char *text, unsigned indent,
                          unsigned hanging) {
  unsigned at = indent;
  fprintf(printer->out, "%*s", (int)indent, "");
  for (bool first = true; *text; first = false) {
    size_t length = strcspn(text, " ");
    unsigned columns = columns_of(text, length);
    if (!first && at + 1 + columns > printer->width) {
      fprintf(printer->out, "\n%*s", (int)hanging, "");
      at = hanging;
    } else if (!first) {
      putc(' ', printer->out);
      at++;
    }
    for (size_t i = 0; i < length; i++)
      put(printer, text[i]);
    at += columns;
    text += length;
    text += strspn(text, " ");
  }
  putc('\n', printer->out);
}

// Where the words of a link end, `at` being its "["; NULL when it is no link.
static const char *link_end(const char *at, const char *end) {
  const char *close = memchr(at, ']', (size_t)(end - at));
  return close && close + 1 < end && close[1] == '(' && memchr(close, ')', (size_t)(end - close))
             ? close
             : NULL;
}

// Adds a line of prose without its Markdown; what was bold or code stands between marks.
static void add_prose(struct nck_text *text, const char *line, size_t length) {
  const char *end = line + length;
  bool bold = false, code = false;
  for (const char *at = line; at < end; at++) {
    const char *words;
    if (*at == '`') {
      code = !code;
      nck_text_add_n(text, &(char){code ? MARK_CODE : MARK_OFF}, 1);
    } else if (!code && end - at > 1 && at[0] == '*' && at[1] == '*') {
      bold = !bold;
      nck_text_add_n(text, &(char){bold ? MARK_BOLD : MARK_OFF}, 1);
      at++;
    } else if (!code && *at == '[' && (words = link_end(at, end)) != NULL) {
      add_prose(text, at + 1, (size_t)(words - at - 1));
      at = memchr(words, ')', (size_t)(end - words));
    } else {
      nck_text_add_n(text, at, 1);
    }
  }
}

static bool starts(const char *line, const char *word) {
  return !strncmp(line, word, strlen(word));
}

// Prints the paragraph or list item that was gathered.
static void flush(const struct printer *printer, struct nck_text *text, bool *item) {
  if (text->length)
    print_wrapped(printer, text->text, INDENT, *item ? INDENT + 2 : INDENT);
  text->length = 0;
  *item = false;
}

void nck_page_print(const char *page, unsigned width, bool color, FILE *out) {
  struct printer printer = {out, width, color};
  struct nck_text text = {0};
  bool item = false, code = false;
  for (const char *line = page, *next; *line; line = next) {
    size_t length = strcspn(line, "\n");
    next = line + length + (line[length] == '\n');
    if (starts(line, "```")) {
      flush(&printer, &text, &item);
      code = !code;
    } else if (code) {
      fprintf(out, length ? "%*s%.*s\n" : "\n", INDENT + 2, "", (int)length, line);
    } else if (*line == '#') {
      size_t marks = strspn(line, "# ");
      if (color)
        fputs(codes[MARK_BOLD], out);
      fprintf(out, "%.*s", (int)(length - marks), line + marks);
      fputs(color ? "\033[0m\n" : "\n", out);
    } else if (!length) {
      flush(&printer, &text, &item);
      putc('\n', out);
    } else {
      if (starts(line, "- ")) {
        flush(&printer, &text, &item);
        item = true;
      }
      if (text.length)
        nck_text_add_n(&text, " ", 1);
      size_t blanks = strspn(line, " ");
      add_prose(&text, line + blanks, length - blanks);
    }
  }
  flush(&printer, &text, &item);
  nck_text_drop(&text);
}

char *nck_page_text(const char *page) {
  char *text = NULL;
  size_t size;
  FILE *out = open_memstream(&text, &size);
  if (!out)
    return NULL;
  nck_page_print(page, TEXT_WIDTH, false, out);
  return fclose(out) == 0 ? text : NULL;
}

char *nck_page_markdown(const char *page) {
  struct nck_text text = {0};
  bool code = false;
  for (const char *line = page, *next; *line; line = next) {
    const char *end = line + strcspn(line, "\n");
    next = end + (*end == '\n');
    if (starts(line, "```")) {
      code = !code;
      end = line + strcspn(line, " \n");
    }
    for (const char *at = line, *words; at < end; at++) {
      if (!code && *at == '[' && (words = link_end(at, end)) != NULL) {
        nck_text_add_n(&text, at + 1, (size_t)(words - at - 1));
        at = memchr(words, ')', (size_t)(end - words));
      } else {
        nck_text_add_n(&text, at, 1);
      }
    }
    nck_text_add_n(&text, "\n", 1);
  }
  return text.text;
}
