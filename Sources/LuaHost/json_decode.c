#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "budget.h"
#include "json.h"
#include "scratch.h"

/// A text being read. After the first problem every function answers false up to the top.
struct reader {
  lua_State *L;
  const char *text;
  const char *at;
  const char *end;
  const char *problem;
  int depth;
  /// Stack index of the array mark.
  int array_mark;
  struct lh_scratch scratch;
};

static bool fail(struct reader *reader, const char *problem) {
  reader->problem = problem;
  return false;
}

/// The byte to read next, or -1 at the end.
static int peek(const struct reader *reader) {
  return reader->at < reader->end ? (unsigned char)*reader->at : -1;
}

static void skip_space(struct reader *reader) {
  while (reader->at < reader->end
         && (*reader->at == ' ' || *reader->at == '\n' || *reader->at == '\t' || *reader->at == '\r')) {
    reader->at++;
  }
}

static bool read_word(struct reader *reader, const char *word) {
  size_t length = strlen(word);
  if ((size_t)(reader->end - reader->at) < length || memcmp(reader->at, word, length) != 0) {
    return fail(reader, "unexpected character");
  }
  reader->at += length;
  return true;
}

static bool skip_digits(struct reader *reader) {
  const char *start = reader->at;
  while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9') reader->at++;
  return reader->at > start;
}

/// Pushes an integer when it fits into 64 bits and was written as one.
static bool push_integer(struct reader *reader, const char *start) {
  bool negative = *start == '-';
  uint64_t value = 0;
  for (const char *p = start + negative; p < reader->at; p++) {
    uint64_t digit = (uint64_t)(*p - '0');
    if (value > (UINT64_MAX - digit) / 10) return false;
    value = value * 10 + digit;
  }
  if (value > (uint64_t)INT64_MAX + negative) return false;
  lua_pushinteger(reader->L, (lua_Integer)(negative ? 0 - value : value));
  return true;
}

static bool read_number(struct reader *reader) {
  const char *start = reader->at;
  if (*reader->at == '-') reader->at++;
  if (peek(reader) == '0') {
    reader->at++;
  } else if (!skip_digits(reader)) {
    return fail(reader, "a digit is missing");
  }
  bool integer = true;
  if (peek(reader) == '.') {
    integer = false;
    reader->at++;
    if (!skip_digits(reader)) return fail(reader, "a digit is missing");
  }
  if (peek(reader) == 'e' || peek(reader) == 'E') {
    integer = false;
    reader->at++;
    if (peek(reader) == '+' || peek(reader) == '-') reader->at++;
    if (!skip_digits(reader)) return fail(reader, "a digit is missing");
  }
  if (integer && push_integer(reader, start)) return true;
  // The grammar was checked, and Lua's strings end in NUL, so strtod reads exactly this number.
  double value = strtod(start, NULL);
  if (value - value != 0) {
    reader->at = start;
    return fail(reader, "number out of range");
  }
  lua_pushnumber(reader->L, value);
  return true;
}

/// Four hexadecimal digits, or -1.
static int read_hex4(struct reader *reader) {
  if (reader->end - reader->at < 4) return -1;
  int value = 0;
  for (int i = 0; i < 4; i++) {
    int c = (unsigned char)reader->at[i];
    int lower = c | 0x20;
    int digit = c >= '0' && c <= '9' ? c - '0' : lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  reader->at += 4;
  return value;
}

static void add_code_point(struct reader *reader, uint32_t code) {
  char *out = lh_scratch_room(&reader->scratch, 4);
  size_t length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  static const unsigned char leads[] = {0, 0x00, 0xC0, 0xE0, 0xF0};
  for (size_t i = length - 1; i > 0; i--) {
    out[i] = (char)(0x80 | (code & 0x3F));
    code >>= 6;
  }
  out[0] = (char)(leads[length] | code);
  reader->scratch.length += length;
}

/// `\uXXXX`, after the u. Half of a surrogate pair without its other half becomes U+FFFD (RFC 8259 §8.2).
static bool read_unicode_escape(struct reader *reader) {
  int unit = read_hex4(reader);
  if (unit < 0) return fail(reader, "four hexadecimal digits expected");
  if (unit < 0xD800 || unit > 0xDFFF) {
    add_code_point(reader, (uint32_t)unit);
    return true;
  }
  const char *after = reader->at;
  if (unit < 0xDC00 && reader->end - after >= 6 && after[0] == '\\' && after[1] == 'u') {
    reader->at += 2;
    int low = read_hex4(reader);
    if (low < 0) return fail(reader, "four hexadecimal digits expected");
    if (low >= 0xDC00 && low <= 0xDFFF) {
      add_code_point(reader, 0x10000 + (((uint32_t)unit - 0xD800) << 10) + ((uint32_t)low - 0xDC00));
      return true;
    }
    reader->at = after;
  }
  add_code_point(reader, 0xFFFD);
  return true;
}

static bool read_escape(struct reader *reader) {
  reader->at++;
  static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
  int name = peek(reader);
  if (name == 'u') {
    reader->at++;
    return read_unicode_escape(reader);
  }
  const char *found = name > 0 ? strchr(names, name) : NULL;
  if (found == NULL) return fail(reader, "unknown escape");
  reader->at++;
  lh_scratch_byte(&reader->scratch, values[found - names]);
  return true;
}

/// Moves past characters that stand for themselves.
static bool skip_plain(struct reader *reader) {
  for (;;) {
    int c = peek(reader);
    if (c < 0) return fail(reader, "the string does not end");
    if (c < 0x20) return fail(reader, "control character in a string");
    if (c == '"' || c == '\\') return true;
    size_t length = c < 0x80
      ? 1
      : lh_utf8_sequence((const unsigned char *)reader->at, (const unsigned char *)reader->end);
    if (length == 0) return fail(reader, "invalid UTF-8");
    reader->at += length;
  }
}

static bool read_string(struct reader *reader) {
  const char *start = ++reader->at;
  if (!skip_plain(reader)) return false;
  if (*reader->at == '"') {
    lua_pushlstring(reader->L, start, (size_t)(reader->at++ - start));
    return true;
  }
  reader->scratch.length = 0;
  for (;;) {
    lh_scratch_add(&reader->scratch, start, (size_t)(reader->at - start));
    if (*reader->at == '"') break;
    if (!read_escape(reader)) return false;
    start = reader->at;
    if (!skip_plain(reader)) return false;
  }
  reader->at++;
  lua_pushlstring(reader->L, reader->scratch.bytes, reader->scratch.length);
  return true;
}

static bool read_value(struct reader *reader);

/// After an element: true to go on, with `*more` telling whether another one follows.
static bool read_separator(struct reader *reader, char closing, bool *more) {
  skip_space(reader);
  int c = peek(reader);
  if (c != ',' && c != closing) {
    return fail(reader, closing == ']' ? "',' or ']' expected" : "',' or '}' expected");
  }
  reader->at++;
  *more = c == ',';
  return true;
}

static bool read_array(struct reader *reader) {
  reader->at++;
  lua_newtable(reader->L);
  lua_pushvalue(reader->L, reader->array_mark);
  lua_setmetatable(reader->L, -2);
  skip_space(reader);
  if (peek(reader) == ']') {
    reader->at++;
    return true;
  }
  bool more = true;
  for (lua_Integer i = 1; more; i++) {
    if (!read_value(reader)) return false;
    lua_rawseti(reader->L, -2, i);
    if (!read_separator(reader, ']', &more)) return false;
  }
  return true;
}

static bool read_object(struct reader *reader) {
  reader->at++;
  lua_newtable(reader->L);
  skip_space(reader);
  if (peek(reader) == '}') {
    reader->at++;
    return true;
  }
  bool more = true;
  while (more) {
    skip_space(reader);
    if (peek(reader) != '"') return fail(reader, "a key in quotes expected");
    if (!read_string(reader)) return false;
    skip_space(reader);
    if (peek(reader) != ':') return fail(reader, "':' expected");
    reader->at++;
    if (!read_value(reader)) return false;
    lua_rawset(reader->L, -3);
    if (!read_separator(reader, '}', &more)) return false;
  }
  return true;
}

static bool read_nested(struct reader *reader, bool (*read)(struct reader *)) {
  if (++reader->depth > LH_JSON_DEPTH_MAX) return fail(reader, "nested too deeply");
  bool done = read(reader);
  reader->depth--;
  return done;
}

/// Pushes one value.
static bool read_value(struct reader *reader) {
  lh_charge(reader->L, 2);
  skip_space(reader);
  int c = peek(reader);
  switch (c) {
    case -1: return fail(reader, "the text ends too early");
    case '{': return read_nested(reader, read_object);
    case '[': return read_nested(reader, read_array);
    case '"': return read_string(reader);
    case 't': lua_pushboolean(reader->L, 1); return read_word(reader, "true");
    case 'f': lua_pushboolean(reader->L, 0); return read_word(reader, "false");
    case 'n': lh_json_push_null(reader->L); return read_word(reader, "null");
    default:
      if (c == '-' || (c >= '0' && c <= '9')) return read_number(reader);
      return fail(reader, "unexpected character");
  }
}

static void push_problem(struct reader *reader) {
  int line = 1;
  const char *line_start = reader->text;
  for (const char *p = reader->text; p < reader->at; p++) {
    if (*p != '\n') continue;
    line++;
    line_start = p + 1;
  }
  lua_pushfstring(
    reader->L, "%s at line %d, column %d", reader->problem, line, (int)(reader->at - line_start) + 1);
}

bool lh_json_decode(lua_State *L, const char *text, size_t length) {
  struct reader reader = {.L = L, .text = text, .at = text, .end = text + length};
  lh_charge_scan(L, length);
  luaL_checkstack(L, 3 * LH_JSON_DEPTH_MAX + 10, "json");
  int top = lua_gettop(L);
  lh_json_push_array_mark(L);
  reader.array_mark = top + 1;
  lh_scratch_open(L, &reader.scratch);
  bool done = read_value(&reader);
  if (done) {
    skip_space(&reader);
    if (reader.at != reader.end) done = fail(&reader, "the text goes on after its value");
  }
  if (!done) push_problem(&reader);
  lua_replace(L, top + 1);
  lua_settop(L, top + 1);
  return done;
}
