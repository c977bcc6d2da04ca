#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "budget.h"
#include "json.h"
#include "scratch.h"

struct writer {
  lua_State *L;
  int indent;
  int depth;
  int array_mark;
  struct lh_scratch scratch;
};

static void write_text(struct writer *writer, const char *text) {
  lh_scratch_add(&writer->scratch, text, strlen(text));
}

static void write_line_break(struct writer *writer) {
  if (writer->indent == 0) return;
  size_t spaces = (size_t)writer->indent * (size_t)writer->depth;
  char *out = lh_scratch_room(&writer->scratch, spaces + 1);
  out[0] = '\n';
  memset(out + 1, ' ', spaces);
  writer->scratch.length += spaces + 1;
}

/// The short escape's letter, or 0.
static char escape_letter(unsigned char c) {
  switch (c) {
    case '"': return '"';
    case '\\': return '\\';
    case '\b': return 'b';
    case '\f': return 'f';
    case '\n': return 'n';
    case '\r': return 'r';
    case '\t': return 't';
    default: return 0;
  }
}

static void write_escape(struct writer *writer, unsigned char c) {
  char text[8] = {'\\', escape_letter(c), 0};
  if (text[1] == 0) snprintf(text, sizeof text, "\\u%04x", c);
  write_text(writer, text);
}

static void write_string(struct writer *writer, const char *text, size_t length) {
  lh_charge_scan(writer->L, length);
  const unsigned char *p = (const unsigned char *)text, *end = p + length, *plain = p;
  lh_scratch_byte(&writer->scratch, '"');
  while (p < end) {
    bool escaped = *p < 0x20 || *p == '"' || *p == '\\';
    size_t sequence = lh_utf8_sequence(p, end);
    if (sequence == 0) {
      luaL_error(
        writer->L, "json.encode: invalid UTF-8 at byte %d of a string",
        (int)(p - (const unsigned char *)text) + 1);
    }
    if (escaped) {
      lh_scratch_add(&writer->scratch, (const char *)plain, (size_t)(p - plain));
      write_escape(writer, *p);
      plain = p + 1;
    }
    p += sequence;
  }
  lh_scratch_add(&writer->scratch, (const char *)plain, (size_t)(p - plain));
  lh_scratch_byte(&writer->scratch, '"');
}

/// The shortest of 15 to 17 digits that reads back as the same number.
static void write_number(struct writer *writer, int index) {
  char text[40];
  if (lua_isinteger(writer->L, index)) {
    snprintf(text, sizeof text, LUA_INTEGER_FMT, (LUAI_UACINT)lua_tointeger(writer->L, index));
  } else {
    double value = lua_tonumber(writer->L, index);
    if (value - value != 0) luaL_error(writer->L, "json.encode: a number that is not finite");
    if (value > -9007199254740992.0 && value < 9007199254740992.0 && value == (double)(int64_t)value) {
      snprintf(text, sizeof text, "%.0f", value);
    } else {
      for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value) break;
      }
    }
  }
  write_text(writer, text);
}

static void write_value(struct writer *writer, int index);

static void write_array(struct writer *writer, int table) {
  lua_State *L = writer->L;
  lua_Integer count = (lua_Integer)lua_rawlen(L, table);
  lh_scratch_byte(&writer->scratch, '[');
  writer->depth++;
  for (lua_Integer i = 1; i <= count; i++) {
    if (i > 1) lh_scratch_byte(&writer->scratch, ',');
    write_line_break(writer);
    lua_rawgeti(L, table, i);
    write_value(writer, lua_gettop(L));
    lua_pop(L, 1);
  }
  writer->depth--;
  if (count > 0) write_line_break(writer);
  lh_scratch_byte(&writer->scratch, ']');
}

/// Writes the member whose key and value are on top, and pops the value.
static void write_member(struct writer *writer, bool *first) {
  lua_State *L = writer->L;
  int value = lua_gettop(L);
  if (!*first) lh_scratch_byte(&writer->scratch, ',');
  *first = false;
  write_line_break(writer);
  size_t length;
  const char *key = lua_tolstring(L, value - 1, &length);
  write_string(writer, key, length);
  write_text(writer, writer->indent > 0 ? ": " : ":");
  write_value(writer, value);
  lua_pop(L, 1);
}

/// A key, owned by the table that is being written.
struct key {
  const char *text;
  size_t length;
};

static int compare_keys(const struct key *a, const struct key *b) {
  size_t shorter = a->length < b->length ? a->length : b->length;
  int order = memcmp(a->text, b->text, shorter);
  return order != 0 ? order : (a->length > b->length) - (a->length < b->length);
}

static void sift_key(struct key *keys, size_t hole, size_t count) {
  struct key key = keys[hole];
  for (;;) {
    size_t child = 2 * hole + 1;
    if (child >= count) break;
    if (child + 1 < count && compare_keys(&keys[child], &keys[child + 1]) < 0) child++;
    if (compare_keys(&key, &keys[child]) >= 0) break;
    keys[hole] = keys[child];
    hole = child;
  }
  keys[hole] = key;
}

/// A heap sort: keys may come from the internet. Charged by the caller.
static void sort_keys(struct key *keys, size_t count) {
  for (size_t root = count / 2; root-- > 0;) sift_key(keys, root, count);
  for (size_t last = count; last-- > 1;) {
    struct key largest = keys[0];
    keys[0] = keys[last];
    keys[last] = largest;
    sift_key(keys, 0, last);
  }
}

/// How many keys the table has. Raises unless all of them are strings.
static size_t count_keys(struct writer *writer, int table, size_t *bytes) {
  lua_State *L = writer->L;
  size_t count = 0;
  lua_pushnil(L);
  while (lua_next(L, table) != 0) {
    lua_pop(L, 1);
    lh_charge(L, 1);
    if (lua_type(L, -1) != LUA_TSTRING) {
      luaL_error(L, "json.encode: an object's keys must be strings, this one has a %s key", luaL_typename(L, -1));
    }
    *bytes += lua_rawlen(L, -1);
    count++;
  }
  return count;
}

/// Members in the order of their keys' bytes, except those in the table at `written` (0: none).
static void write_sorted_members(struct writer *writer, int table, int written, bool *first) {
  lua_State *L = writer->L;
  size_t bytes = 0;
  size_t count = count_keys(writer, table, &bytes), index = 0;
  if (count == 0) return;
  int64_t rounds = 1;
  for (size_t n = count; n > 1; n >>= 1) rounds++;
  lh_charge(L, ((int64_t)count * 2 + (int64_t)(bytes >> 5)) * rounds);
  struct key *keys = lua_newuserdatauv(L, count * sizeof *keys, 0);
  lua_pushnil(L);
  while (lua_next(L, table) != 0) {
    lua_pop(L, 1);
    keys[index].text = lua_tolstring(L, -1, &keys[index].length);
    index++;
  }
  sort_keys(keys, count);
  for (index = 0; index < count; index++) {
    lua_pushlstring(L, keys[index].text, keys[index].length);
    if (written != 0) {
      lua_pushvalue(L, -1);
      bool known = lua_rawget(L, written) != LUA_TNIL;
      lua_pop(L, 1);
      if (known) {
        lua_pop(L, 1);
        continue;
      }
    }
    lua_pushvalue(L, -1);
    lua_rawget(L, table);
    write_member(writer, first);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

/// Members in the order of the list at `order`, then what was added later, sorted.
static void write_ordered_members(struct writer *writer, int table, int order, bool *first) {
  lua_State *L = writer->L;
  lua_newtable(L);
  int written = lua_gettop(L);
  lua_Integer count = (lua_Integer)lua_rawlen(L, order);
  for (lua_Integer i = 1; i <= count; i++) {
    lua_rawgeti(L, order, i);
    lua_pushvalue(L, -1);
    lua_pushboolean(L, 1);
    lua_rawset(L, written);
    lua_pushvalue(L, -1);
    if (lua_rawget(L, table) == LUA_TNIL) lua_pop(L, 1);
    else write_member(writer, first);
    lua_pop(L, 1);
  }
  write_sorted_members(writer, table, written, first);
  lua_pop(L, 1);
}

static void write_object(struct writer *writer, int table, int order) {
  bool first = true;
  lh_scratch_byte(&writer->scratch, '{');
  writer->depth++;
  if (order != 0) write_ordered_members(writer, table, order, &first);
  else write_sorted_members(writer, table, 0, &first);
  writer->depth--;
  if (!first) write_line_break(writer);
  lh_scratch_byte(&writer->scratch, '}');
}

/// Does a table without a mark look like an array? Raises when it looks like neither.
static bool looks_like_array(struct writer *writer, int table) {
  lua_State *L = writer->L;
  lua_Integer length = (lua_Integer)lua_rawlen(L, table), count = 0;
  if (length == 0) return false;
  lua_pushnil(L);
  while (lua_next(L, table) != 0) {
    lua_pop(L, 1);
    lh_charge(L, 1);
    if (!lua_isinteger(L, -1) || ++count > length) luaL_error(L, "json.encode: a table with array and object keys");
  }
  if (count != length) luaL_error(L, "json.encode: an array with holes");
  return true;
}

static void write_table(struct writer *writer, int table) {
  lua_State *L = writer->L;
  if (writer->depth >= LH_JSON_DEPTH_MAX) luaL_error(L, "json.encode: nested too deeply (or a table in itself)");
  bool marked = false;
  int top = lua_gettop(L), order = 0;
  if (lua_getmetatable(L, table)) {
    marked = lua_rawequal(L, -1, writer->array_mark);
    if (lua_rawgetp(L, -1, &lh_json_order_key) == LUA_TTABLE) order = lua_gettop(L);
  }
  if (marked || (order == 0 && looks_like_array(writer, table))) write_array(writer, table);
  else write_object(writer, table, order);
  lua_settop(L, top);
}

static void write_value(struct writer *writer, int index) {
  lua_State *L = writer->L;
  lh_charge(L, 2);
  switch (lua_type(L, index)) {
    case LUA_TBOOLEAN: write_text(writer, lua_toboolean(L, index) ? "true" : "false"); break;
    case LUA_TNUMBER: write_number(writer, index); break;
    case LUA_TTABLE: write_table(writer, index); break;
    case LUA_TSTRING: {
      size_t length;
      const char *text = lua_tolstring(L, index, &length);
      write_string(writer, text, length);
      break;
    }
    default:
      if (!lh_json_is_null(L, index)) luaL_error(L, "json.encode: cannot encode a %s", luaL_typename(L, index));
      write_text(writer, "null");
  }
}

void lh_json_encode(lua_State *L, int index, int indent) {
  struct writer writer = {.L = L, .indent = indent};
  // Per level: table, metatable, order, written, keys, key, value, and two on the way.
  luaL_checkstack(L, 10 * LH_JSON_DEPTH_MAX + 20, "json");
  int top = lua_gettop(L);
  lh_json_push_array_mark(L);
  writer.array_mark = top + 1;
  lh_scratch_open(L, &writer.scratch);
  write_value(&writer, index);
  lua_pushlstring(L, writer.scratch.bytes, writer.scratch.length);
  lua_replace(L, top + 1);
  lua_settop(L, top + 1);
}
