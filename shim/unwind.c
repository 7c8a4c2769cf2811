// unwind.c: reads .eh_frame where libunwind is not there to do it. Contracts in unwind.h; the
// format is DWARF's call frame information as the Linux Standard Base changes it.
#include "unwind.h"

#include <stddef.h>
#include <string.h>

#if defined(__x86_64__)
enum { REGISTER_FP = 6, REGISTER_SP = 7, REGISTER_RETURN = 16 };
#elif defined(__aarch64__)
enum { REGISTER_FP = 29, REGISTER_SP = 31, REGISTER_RETURN = 30 };
#endif

// Encodings of pointers.
enum {
  PE_OMIT = 0xff,
  PE_FORMAT = 0x0f,
  PE_RELATION = 0x70,
  PE_PCREL = 0x10,
  PE_DATAREL = 0x30,
  PE_INDIRECT = 0x80
};
enum { OP_BREG0 = 0x70, OP_DEREF = 0x06 };

// A piece of the module's memory that is being read. Whatever does not fit sets `is_bad` and reads
// as 0.
struct reader {
  const uint8_t *at, *end;
  bool is_bad;
};

static const uint8_t *take(struct reader *reader, size_t bytes) {
  static const uint8_t nothing[8];
  if (bytes > (size_t)(reader->end - reader->at)) {
    reader->is_bad = true;
    reader->at = reader->end;
    return nothing;
  }
  reader->at += bytes;
  return reader->at - bytes;
}

static uint64_t read_unsigned(struct reader *reader, size_t bytes) {
  uint64_t value = 0;
  memcpy(&value, take(reader, bytes), bytes); // little endian
  return value;
}

static int64_t read_signed(struct reader *reader, size_t bytes) {
  unsigned shift = 64 - 8 * (unsigned)bytes;
  return (int64_t)(read_unsigned(reader, bytes) << shift) >> shift;
}

static uint64_t read_uleb(struct reader *reader) {
  uint64_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    uint8_t byte = (uint8_t)read_unsigned(reader, 1);
    if (shift < 64)
      value |= (uint64_t)(byte & 0x7f) << shift;
    if (!(byte & 0x80))
      return value;
  }
}

static int64_t read_sleb(struct reader *reader) {
  uint64_t value = 0;
  for (unsigned shift = 0;;) {
    uint8_t byte = (uint8_t)read_unsigned(reader, 1);
    if (shift < 64)
      value |= (uint64_t)(byte & 0x7f) << shift;
    shift += 7;
    if (byte & 0x80)
      continue;
    if (byte & 0x40 && shift < 64)
      value |= ~(uint64_t)0 << shift;
    return (int64_t)value;
  }
}

// A number in the given format, without what it is relative to.
static int64_t read_format(struct reader *reader, uint8_t encoding) {
  switch (encoding & PE_FORMAT) {
  case 0x00:
  case 0x04:
  case 0x0c:
    return (int64_t)read_unsigned(reader, 8);
  case 0x01:
    return (int64_t)read_uleb(reader);
  case 0x02:
    return (int64_t)read_unsigned(reader, 2);
  case 0x03:
    return (int64_t)read_unsigned(reader, 4);
  case 0x09:
    return read_sleb(reader);
  case 0x0a:
    return read_signed(reader, 2);
  case 0x0b:
    return read_signed(reader, 4);
  default:
    reader->is_bad = true;
    return 0;
  }
}

static uintptr_t read_pointer(struct reader *reader, uint8_t encoding) {
  uintptr_t here = (uintptr_t)reader->at;
  uintptr_t value = (uintptr_t)read_format(reader, encoding);
  if ((encoding & PE_RELATION) == PE_PCREL)
    return here + value;
  if (encoding & PE_RELATION)
    reader->is_bad = true;
  return value;
}

// --- finding the description of a function ---

struct description {
  uintptr_t start; // of the function
  uint64_t code_factor;
  int64_t data_factor;
  uint8_t encoding;
  bool is_signal_frame;
  bool has_data;             // between the function's range and its instructions
  struct reader common, own; // instructions
};

// The address of the entry for `address` by the sorted table in .eh_frame_hdr; 0 when there is
// none.
static uintptr_t find_entry(uintptr_t address, const struct nck_location *location) {
  struct reader reader = {(const uint8_t *)location->unwind, (const uint8_t *)location->high,
                          false};
  if (location->unwind < location->low || location->unwind >= location->high)
    return 0;
  uint8_t version = (uint8_t)read_unsigned(&reader, 1);
  uint8_t frame_encoding = (uint8_t)read_unsigned(&reader, 1);
  uint8_t count_encoding = (uint8_t)read_unsigned(&reader, 1);
  uint8_t table_encoding = (uint8_t)read_unsigned(&reader, 1);
  if (version != 1 || count_encoding == PE_OMIT || table_encoding != (PE_DATAREL | 0x0b))
    return 0;
  if (frame_encoding != PE_OMIT)
    read_format(&reader, frame_encoding);
  uint64_t n = (uint64_t)read_format(&reader, count_encoding);
  if (reader.is_bad || n == 0 || n > (size_t)(reader.end - reader.at) / 8)
    return 0;

  struct {
    int32_t start, entry; // relative to .eh_frame_hdr
  } row;
  const uint8_t *table = reader.at;
  size_t from = 0, to = n; // the last row whose start is not above the address
  while (to - from > 1) {
    size_t middle = (from + to) / 2;
    memcpy(&row, table + middle * sizeof row, sizeof row);
    if (location->unwind + (uintptr_t)(intptr_t)row.start <= address)
      from = middle;
    else
      to = middle;
  }
  memcpy(&row, table + from * sizeof row, sizeof row);
  if (location->unwind + (uintptr_t)(intptr_t)row.start > address)
    return 0;
  return location->unwind + (uintptr_t)(intptr_t)row.entry;
}

// Opens the entry (length, then contents) at `at`.
static struct reader open_entry(uintptr_t at, const struct nck_location *location) {
  struct reader reader = {(const uint8_t *)at, (const uint8_t *)location->high, false};
  if (at < location->low || at >= location->high) {
    reader.at = reader.end;
    reader.is_bad = true;
    return reader;
  }
  uint64_t bytes = read_unsigned(&reader, 4);
  if (bytes == 0 || bytes == 0xffffffff || bytes > (size_t)(reader.end - reader.at))
    reader.is_bad = true;
  else
    reader.end = reader.at + bytes;
  return reader;
}

static bool read_common(uintptr_t at, const struct nck_location *location,
                        struct description *description) {
  struct reader reader = open_entry(at, location);
  if (read_unsigned(&reader, 4) != 0) // not a common entry
    return false;
  uint8_t version = (uint8_t)read_unsigned(&reader, 1);
  const char *augmentation = (const char *)reader.at;
  while (!reader.is_bad && read_unsigned(&reader, 1) != 0)
    ;
  if (reader.is_bad || (version != 1 && version != 3))
    return false;
  description->code_factor = read_uleb(&reader);
  description->data_factor = read_sleb(&reader);
  uint64_t return_register = version == 1 ? read_unsigned(&reader, 1) : read_uleb(&reader);
  description->encoding = 0;
  description->has_data = augmentation[0] == 'z';
  if (description->has_data) {
    uint64_t bytes = read_uleb(&reader);
    const uint8_t *instructions = reader.at + bytes;
    if (bytes > (size_t)(reader.end - reader.at))
      return false;
    for (const char *c = augmentation + 1; *c != 0; c++) {
      if (*c == 'R') {
        description->encoding = (uint8_t)read_unsigned(&reader, 1);
      } else if (*c == 'P') {
        uint8_t encoding = (uint8_t)read_unsigned(&reader, 1);
        read_format(&reader, encoding);
      } else if (*c == 'L') {
        read_unsigned(&reader, 1);
      } else if (*c == 'S') {
        description->is_signal_frame = true;
      } else if (*c != 'B') {
        break;
      }
    }
    reader.at = instructions;
  } else if (augmentation[0] != 0) {
    return false;
  }
  description->common = reader;
  return !reader.is_bad && return_register == REGISTER_RETURN;
}

static bool find_description(uintptr_t address, const struct nck_location *location,
                             struct description *description) {
  uintptr_t at = find_entry(address, location);
  if (at == 0)
    return false;
  struct reader reader = open_entry(at, location);
  uintptr_t here = (uintptr_t)reader.at;
  uint64_t back = read_unsigned(&reader, 4);
  if (reader.is_bad || back == 0 || !read_common(here - back, location, description))
    return false;
  if (description->encoding & PE_INDIRECT)
    return false;
  description->start = read_pointer(&reader, description->encoding);
  uint64_t bytes = (uint64_t)read_format(&reader, description->encoding);
  if (reader.is_bad || address - description->start >= bytes)
    return false; // a gap: code without a description
  if (description->has_data)
    take(&reader, read_uleb(&reader));
  description->own = reader;
  return !reader.is_bad;
}

// --- running its instructions ---

enum where { SAME, AT_CFA, AT_FP, UNDEFINED, ELSEWHERE };

struct state {
  enum where fp, return_address;
  int64_t fp_offset, return_offset;
  uint64_t
      cfa_register; // UINT64_MAX: cfa is the word at frame pointer + cfa_offset, or something else
  int64_t cfa_offset;
  bool is_loaded; // with cfa_register UINT64_MAX
};

struct program {
  struct state now, initial;
  struct state remembered[8];
  unsigned n_remembered;
  bool is_unknown;
};

static void set_register(struct program *program, uint64_t number, enum where where,
                         int64_t offset) {
  if (number == REGISTER_FP) {
    program->now.fp = where;
    program->now.fp_offset = offset;
  } else if (number == REGISTER_RETURN) {
    program->now.return_address = where;
    program->now.return_offset = offset;
  }
}

static void restore_register(struct program *program, uint64_t number) {
  if (number == REGISTER_FP)
    set_register(program, number, program->initial.fp, program->initial.fp_offset);
  else if (number == REGISTER_RETURN)
    set_register(program, number, program->initial.return_address, program->initial.return_offset);
}

// The two expressions that compilers write for a stack that a function has realigned: frame pointer
// + offset, and the word there.
static bool read_expression(struct reader *reader, int64_t *offset, bool *is_loaded) {
  uint64_t bytes = read_uleb(reader);
  struct reader expression = {reader->at, reader->at + bytes, false};
  if (bytes > (size_t)(reader->end - reader->at)) {
    reader->is_bad = true;
    return false;
  }
  reader->at += bytes;
  if (read_unsigned(&expression, 1) != OP_BREG0 + REGISTER_FP)
    return false;
  *offset = read_sleb(&expression);
  *is_loaded = expression.at < expression.end;
  return !(*is_loaded &&
           (read_unsigned(&expression, 1) != OP_DEREF || expression.at < expression.end)) &&
         !expression.is_bad;
}

// Runs instructions until they speak of addresses behind `target`.
static void run(struct program *program, struct reader *reader,
                const struct description *description, uintptr_t target) {
  uintptr_t location = description->start;
  struct state *now = &program->now;
  uint64_t number;
  int64_t offset;
  bool is_loaded;

  while (reader->at < reader->end && !reader->is_bad && !program->is_unknown) {
    uint8_t code = (uint8_t)read_unsigned(reader, 1);
    uintptr_t next = location;

    switch (code & 0xc0) {
    case 0x40: // advance_loc
      next = location + (code & 0x3f) * description->code_factor;
      break;
    case 0x80: // offset
      set_register(program, code & 0x3f, AT_CFA,
                   (int64_t)read_uleb(reader) * description->data_factor);
      continue;
    case 0xc0: // restore
      restore_register(program, code & 0x3f);
      continue;
    default:
      switch (code) {
      case 0x00: // nop
        continue;
      case 0x01: // set_loc
        next = read_pointer(reader, description->encoding);
        break;
      case 0x02: // advance_loc1, 2, 4
        next = location + read_unsigned(reader, 1) * description->code_factor;
        break;
      case 0x03:
        next = location + read_unsigned(reader, 2) * description->code_factor;
        break;
      case 0x04:
        next = location + read_unsigned(reader, 4) * description->code_factor;
        break;
      case 0x05: // offset_extended
        number = read_uleb(reader);
        set_register(program, number, AT_CFA,
                     (int64_t)read_uleb(reader) * description->data_factor);
        continue;
      case 0x06: // restore_extended
        restore_register(program, read_uleb(reader));
        continue;
      case 0x07: // undefined
        set_register(program, read_uleb(reader), UNDEFINED, 0);
        continue;
      case 0x08: // same_value
        set_register(program, read_uleb(reader), SAME, 0);
        continue;
      case 0x09: // register
        number = read_uleb(reader);
        read_uleb(reader);
        set_register(program, number, ELSEWHERE, 0);
        continue;
      case 0x0a: // remember_state
        if (program->n_remembered == sizeof program->remembered / sizeof *program->remembered)
          program->is_unknown = true;
        else
          program->remembered[program->n_remembered++] = *now;
        continue;
      case 0x0b: // restore_state
        if (program->n_remembered == 0)
          program->is_unknown = true;
        else
          *now = program->remembered[--program->n_remembered];
        continue;
      case 0x0c: // def_cfa
        now->cfa_register = read_uleb(reader);
        now->cfa_offset = (int64_t)read_uleb(reader);
        continue;
      case 0x0d: // def_cfa_register
        now->cfa_register = read_uleb(reader);
        continue;
      case 0x0e: // def_cfa_offset
        now->cfa_offset = (int64_t)read_uleb(reader);
        continue;
      case 0x0f: // def_cfa_expression
        now->cfa_register = UINT64_MAX;
        now->is_loaded = read_expression(reader, &now->cfa_offset, &is_loaded) && is_loaded;
        continue;
      case 0x10: // expression
        number = read_uleb(reader);
        if (read_expression(reader, &offset, &is_loaded) && !is_loaded)
          set_register(program, number, AT_FP, offset);
        else
          set_register(program, number, ELSEWHERE, 0);
        continue;
      case 0x11: // offset_extended_sf
        number = read_uleb(reader);
        set_register(program, number, AT_CFA, read_sleb(reader) * description->data_factor);
        continue;
      case 0x12: // def_cfa_sf
        now->cfa_register = read_uleb(reader);
        now->cfa_offset = read_sleb(reader) * description->data_factor;
        continue;
      case 0x13: // def_cfa_offset_sf
        now->cfa_offset = read_sleb(reader) * description->data_factor;
        continue;
      case 0x14: // val_offset
      case 0x15: // val_offset_sf
        number = read_uleb(reader);
        read_uleb(reader);
        set_register(program, number, ELSEWHERE, 0);
        continue;
      case 0x16: // val_expression
        number = read_uleb(reader);
        take(reader, read_uleb(reader));
        set_register(program, number, ELSEWHERE, 0);
        continue;
      case 0x2e: // GNU_args_size
        read_uleb(reader);
        continue;
      case 0x2f: // GNU_negative_offset_extended
        number = read_uleb(reader);
        set_register(program, number, AT_CFA,
                     -(int64_t)read_uleb(reader) * description->data_factor);
        continue;
      default:
        program->is_unknown = true;
        continue;
      }
    }
    if (next > target)
      return;
    location = next;
  }
  if (reader->is_bad)
    program->is_unknown = true;
}

struct nck_unwind_rule nck_unwind_rule_by_tables(uintptr_t address,
                                                 const struct nck_location *location) {
  struct nck_unwind_rule rule = {.cfa = NCK_UNWIND_UNKNOWN};
  struct description description = {0};
  struct program program = {0};

  if (!find_description(address, location, &description) || description.is_signal_frame)
    return rule;
  run(&program, &description.common, &description, UINTPTR_MAX);
  program.initial = program.now;
  program.n_remembered = 0;
  run(&program, &description.own, &description, address);

  const struct state *state = &program.now;
  if (program.is_unknown || state->cfa_offset != (int32_t)state->cfa_offset)
    return rule;
  if (state->return_address == UNDEFINED) {
    rule.cfa = NCK_UNWIND_END;
    return rule;
  }
#if defined(__aarch64__)
  // Frame records are the rule there, and need not stand at the frame's upper end: the chain of
  // frame pointers is the better guide.
  return rule;
#endif
  if (state->return_address != AT_CFA || state->return_offset != -8)
    return rule;
  if (state->fp == AT_CFA || state->fp == AT_FP) {
    if (state->fp_offset != (int16_t)state->fp_offset)
      return rule;
    rule.fp = state->fp == AT_CFA ? NCK_UNWIND_FP_AT_CFA : NCK_UNWIND_FP_AT_FP;
    rule.fp_offset = (int16_t)state->fp_offset;
  } else if (state->fp == SAME) {
    rule.fp = NCK_UNWIND_FP_SAME;
  } else {
    return rule;
  }
  rule.cfa_offset = (int32_t)state->cfa_offset;
  if (state->cfa_register == REGISTER_SP)
    rule.cfa = NCK_UNWIND_SP;
  else if (state->cfa_register == REGISTER_FP)
    rule.cfa = NCK_UNWIND_FP;
  else if (state->cfa_register == UINT64_MAX && state->is_loaded)
    rule.cfa = NCK_UNWIND_FP_LOADED;
  return rule;
}
