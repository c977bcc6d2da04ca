/// The lines with instructions, from a precompiled chunk: Lua's own `activelines` know only functions that exist, and
/// a function within one that never ran does not. The format is that of Lua 5.4's ldump.c; what Lua has just written
/// is well-formed, and every read is checked all the same.
#include <lauxlib.h>
#include <lua.h>
#include <stdlib.h>
#include <string.h>

#include "LuaCoverage.h"

/// Signature, version, format, LUAC_DATA, three sizes, LUAC_INT, LUAC_NUM, and the number of the chunk's upvalues.
#define HEADER_BYTES (4 + 1 + 1 + 6 + 3 + 8 + 8 + 1)
#define INSTRUCTION_BYTES 4
/// In the place of a difference: the line is in the list behind (ldebug.h).
#define ABSOLUTE_LINE (-0x80)
#define FUNCTION_DEPTH_MAX 200

typedef struct dump {
  unsigned char *bytes;
  size_t length, capacity;
  size_t offset;
  bool is_broken;
  void *context;
  void (*visit)(void *context, int line);
} dump;

static int append(lua_State *L, const void *bytes, size_t count, void *argument) {
  (void)L;
  dump *out = argument;
  if (out->length + count > out->capacity) {
    size_t capacity = (out->length + count) * 2;
    unsigned char *grown = realloc(out->bytes, capacity);
    if (grown == NULL) return 1;
    out->bytes = grown;
    out->capacity = capacity;
  }
  memcpy(out->bytes + out->length, bytes, count);
  out->length += count;
  return 0;
}

/// The next `count` bytes; NULL and broken when there are not so many.
static const unsigned char *take(dump *in, size_t count) {
  if (in->is_broken || count > in->length - in->offset) {
    in->is_broken = true;
    return NULL;
  }
  const unsigned char *bytes = in->bytes + in->offset;
  in->offset += count;
  return bytes;
}

static int take_byte(dump *in) {
  const unsigned char *byte = take(in, 1);
  return byte != NULL ? *byte : 0;
}

/// Groups of seven bits, the highest first; the last has its top bit set.
static size_t take_size(dump *in) {
  size_t size = 0;
  for (int groups = 0; groups < 10 && !in->is_broken; groups++) {
    int byte = take_byte(in);
    size = size << 7 | (size_t)(byte & 0x7F);
    if (byte & 0x80) return size;
  }
  in->is_broken = true;
  return 0;
}

static void skip_string(dump *in) {
  size_t size = take_size(in);
  if (size > 1) take(in, size - 1);
}

static void skip_constants(dump *in) {
  for (size_t left = take_size(in); left > 0 && !in->is_broken; left--) {
    int tag = take_byte(in);
    // Lua's type in the low four bits, its variant above (lobject.h).
    if ((tag & 0x0F) == LUA_TNUMBER) take(in, 8);
    if ((tag & 0x0F) == LUA_TSTRING) skip_string(in);
  }
}

/// The line of each instruction but the first of a vararg function, which prepares the arguments, and the last, which
/// is the return that Lua adds.
static void visit_lines(dump *in, int line, bool is_vararg) {
  size_t count = take_size(in);
  const signed char *differences = (const signed char *)take(in, count);
  // The places with a line of their own follow, in order: instruction and line.
  size_t left = take_size(in);
  for (size_t i = 0; i < count && !in->is_broken; i++) {
    if (differences[i] != ABSOLUTE_LINE) {
      line += differences[i];
    } else if (left > 0) {
      left--;
      if (take_size(in) != i) in->is_broken = true;
      line = (int)take_size(in);
    }
    if ((i > 0 || !is_vararg) && i + 1 < count) in->visit(in->context, line);
  }
  if (left > 0) in->is_broken = true;
}

static void visit_function(dump *in, int depth) {
  if (depth > FUNCTION_DEPTH_MAX) in->is_broken = true;
  skip_string(in);
  int line = (int)take_size(in);
  take_size(in);
  take_byte(in);
  bool is_vararg = take_byte(in) != 0;
  take_byte(in);
  take(in, take_size(in) * INSTRUCTION_BYTES);
  skip_constants(in);
  take(in, take_size(in) * 3);
  for (size_t left = take_size(in); left > 0 && !in->is_broken; left--) visit_function(in, depth + 1);
  visit_lines(in, line, is_vararg);
  for (size_t left = take_size(in); left > 0 && !in->is_broken; left--) {
    skip_string(in);
    take_size(in);
    take_size(in);
  }
  for (size_t left = take_size(in); left > 0 && !in->is_broken; left--) skip_string(in);
}

bool lh_executable_lines(const char *source, size_t length, void *context, void (*visit)(void *context, int line)) {
  lua_State *L = luaL_newstate();
  if (L == NULL) return false;
  dump chunk = {.context = context, .visit = visit};
  // Loading reports its errors and dumping allocates only here, so nothing raises.
  bool done = luaL_loadbufferx(L, source, length, "@", "t") == LUA_OK && lua_dump(L, append, &chunk, 0) == 0;
  lua_close(L);
  if (done) {
    take(&chunk, HEADER_BYTES);
    visit_function(&chunk, 0);
    done = !chunk.is_broken;
  }
  free(chunk.bytes);
  return done;
}
