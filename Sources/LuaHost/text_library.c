#include <string.h>

#include "budget.h"
#include "pattern.h"

/// Most values that one call may put on the stack; Lua's own bound is the stack's.
#define RESULTS_MAX 4000

/// Lua's own function, kept as the first upvalue, in this call's frame: its messages name what the script called.
static int original(lua_State *L) { return lua_tocfunction(L, lua_upvalueindex(1))(L); }

static int charged_scan(lua_State *L) {
  if (lua_type(L, 1) == LUA_TSTRING) lh_charge_scan(L, lua_rawlen(L, 1));
  return original(L);
}

/// `string.rep`. Lua's own takes its time for each repetition; this one doubles what it has, and so costs what it
/// makes.
static int text_rep(lua_State *L) {
  size_t length, separator_length;
  const char *text = luaL_checklstring(L, 1, &length);
  lua_Integer count = luaL_checkinteger(L, 2);
  const char *separator = luaL_optlstring(L, 3, "", &separator_length);
  size_t period = length + separator_length;
  if (count <= 0 || period == 0) {
    lua_pushliteral(L, "");
    return 1;
  }
  if (period > (size_t)INT64_MAX / 2 / (size_t)count) return luaL_error(L, "resulting string too large");
  size_t total = period * (size_t)count - separator_length;
  lh_charge(L, (int64_t)(total >> 6));
  luaL_Buffer buffer;
  char *made = luaL_buffinitsize(L, &buffer, total);
  memcpy(made, text, length);
  if (count > 1) memcpy(made + length, separator, separator_length);
  for (size_t done = period; done < total;) {
    size_t more = done < total - done ? done : total - done;
    memcpy(made + done, made, more);
    done += more;
  }
  luaL_pushresultsize(&buffer, total);
  return 1;
}

/// `string.format`, `string.pack`: every argument may be copied or looked at as a whole.
static int charged_arguments(lua_State *L) {
  int count = lua_gettop(L);
  for (int i = 1; i <= count; i++) {
    if (lua_type(L, i) == LUA_TSTRING) lh_charge_scan(L, lua_rawlen(L, i));
  }
  return original(L);
}

/// Sums up the numbers in a pack format ("c1000000" writes as many bytes) and charges for them.
static void charge_pack_format(lua_State *L) {
  size_t length;
  const char *format = luaL_checklstring(L, 1, &length);
  int64_t number = 0, sum = (int64_t)length;
  for (size_t i = 0; i <= length; i++) {
    bool digit = format[i] >= '0' && format[i] <= '9';
    if (digit && number < INT32_MAX) number = number * 10 + (format[i] - '0');
    if (digit) continue;
    sum += number;
    number = 0;
  }
  lh_charge(L, sum);
}

static int charged_pack(lua_State *L) {
  charge_pack_format(L);
  return charged_arguments(L);
}

static size_t start_position(lua_Integer position, size_t length) {
  if (position > 0) return (size_t)position;
  if (position == 0 || position < -(lua_Integer)length) return 1;
  return length + (size_t)position + 1;
}

static size_t end_position(lua_Integer position, size_t length) {
  if (position > (lua_Integer)length) return length;
  if (position >= 0) return (size_t)position;
  return position < -(lua_Integer)length ? 0 : length + (size_t)position + 1;
}

/// `string.byte` and `utf8.codepoint` answer a value per character.
static int charged_range(lua_State *L) {
  size_t length;
  luaL_checklstring(L, 1, &length);
  lua_Integer first = luaL_optinteger(L, 2, 1);
  size_t start = start_position(first, length);
  size_t end = end_position(luaL_optinteger(L, 3, (lua_Integer)start), length);
  if (end >= start) {
    if (end - start >= RESULTS_MAX) return luaL_error(L, "string slice too long");
    lh_charge(L, (int64_t)(end - start));
  }
  return original(L);
}

struct charge {
  const char *name;
  lua_CFunction function;
};

/// Replaces functions of the library at the top by closures that charge, then become the original.
static void charge_functions(lua_State *L, const struct charge *charges) {
  for (; charges->name != NULL; charges++) {
    lua_getfield(L, -1, charges->name);
    lua_pushcclosure(L, charges->function, 1);
    lua_setfield(L, -2, charges->name);
  }
}

static const struct charge string_charges[] = {
  {"byte", charged_range},      {"format", charged_arguments}, {"lower", charged_scan},
  {"pack", charged_pack},       {"packsize", charged_scan},    {"reverse", charged_scan},
  {"unpack", charged_pack},     {"upper", charged_scan},       {NULL, NULL},
};
static const struct charge utf8_charges[] = {
  {"codepoint", charged_range}, {"len", charged_scan}, {"offset", charged_scan}, {NULL, NULL},
};

/// `string` with our own patterns and `rep`, without `dump`; `utf8`; and the metatable of all strings, locked.
void lh_open_text(lua_State *L) {
  lua_pushcfunction(L, luaopen_string);
  lua_call(L, 0, 1);
  lua_pushnil(L);
  lua_setfield(L, -2, "dump");
  charge_functions(L, string_charges);
  lua_pushcfunction(L, text_rep);
  lua_setfield(L, -2, "rep");
  luaL_setfuncs(L, lh_pattern_functions, 0);
  lua_pushliteral(L, "");
  lua_getmetatable(L, -1);
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 2);
  lh_publish_library(L, "string");

  lua_pushcfunction(L, luaopen_utf8);
  lua_call(L, 0, 1);
  charge_functions(L, utf8_charges);
  lh_publish_library(L, "utf8");
}
