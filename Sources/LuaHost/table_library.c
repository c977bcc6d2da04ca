#include "budget.h"
#include "table_sort.h"

/// Most values that one call may put on the stack; Lua's own bound is the stack's.
#define RESULTS_MAX 4000

/// Own implementations, because lengths come from `__len` and may differ from call to call: what is charged must be
/// what is done. All of them honour metamethods, as Lua's do.

/// Accepts tables, and other values with the metamethods that a table operation needs.
static void check_table(lua_State *L, int index, const char *const *metamethods) {
  if (lua_type(L, index) == LUA_TTABLE) return;
  if (lua_getmetatable(L, index)) {
    bool complete = true;
    for (; *metamethods != NULL; metamethods++) {
      lua_pushstring(L, *metamethods);
      complete = complete && lua_rawget(L, -2) != LUA_TNIL;
      if (!complete) break;
      lua_pop(L, 1);
    }
    if (complete) {
      lua_pop(L, 1);
      return;
    }
  }
  luaL_checktype(L, index, LUA_TTABLE);
}

static const char *const reads[] = {"__index", NULL};
static const char *const writes[] = {"__newindex", NULL};
static const char *const counts[] = {"__index", "__len", NULL};
static const char *const changes[] = {"__index", "__newindex", "__len", NULL};

/// Copies t[from] to t[to].
static void copy_element(lua_State *L, int source, lua_Integer from, int target, lua_Integer to) {
  lh_charge(L, 2);
  lua_geti(L, source, from);
  lua_seti(L, target, to);
}

static int table_insert(lua_State *L) {
  check_table(L, 1, changes);
  lua_Integer end = (lua_Integer)((lua_Unsigned)luaL_len(L, 1) + 1);
  lua_Integer position = end;
  switch (lua_gettop(L)) {
    case 2: break;
    case 3:
      position = luaL_checkinteger(L, 2);
      // Unsigned, so that positions below 1 are out of bounds too.
      luaL_argcheck(L, (lua_Unsigned)position - 1u < (lua_Unsigned)end, 2, "position out of bounds");
      for (lua_Integer i = end; i > position; i--) copy_element(L, 1, i - 1, 1, i);
      break;
    default: return luaL_error(L, "wrong number of arguments to 'insert'");
  }
  lua_seti(L, 1, position);
  return 0;
}

static int table_remove(lua_State *L) {
  check_table(L, 1, changes);
  lua_Integer size = luaL_len(L, 1);
  lua_Integer position = luaL_optinteger(L, 2, size);
  if (position != size) {
    luaL_argcheck(L, (lua_Unsigned)position - 1u <= (lua_Unsigned)size, 1, "position out of bounds");
  }
  lua_geti(L, 1, position);
  for (; position < size; position++) copy_element(L, 1, position + 1, 1, position);
  lua_pushnil(L);
  lua_seti(L, 1, position);
  return 1;
}

static int table_move(lua_State *L) {
  lua_Integer first = luaL_checkinteger(L, 2);
  lua_Integer last = luaL_checkinteger(L, 3);
  lua_Integer to = luaL_checkinteger(L, 4);
  int target = !lua_isnoneornil(L, 5) ? 5 : 1;
  check_table(L, 1, reads);
  check_table(L, target, writes);
  if (last >= first) {
    luaL_argcheck(L, first > 0 || last < LUA_MAXINTEGER + first, 3, "too many elements to move");
    lua_Integer count = last - first + 1;
    luaL_argcheck(L, to <= LUA_MAXINTEGER - count + 1, 4, "destination wrap around");
    bool overlaps = to > first && to <= last && (target == 1 || lua_compare(L, 1, target, LUA_OPEQ));
    for (lua_Integer i = 0; i < count; i++) {
      lua_Integer offset = overlaps ? count - 1 - i : i;
      copy_element(L, 1, first + offset, target, to + offset);
    }
  }
  lua_pushvalue(L, target);
  return 1;
}

static void add_element(lua_State *L, luaL_Buffer *text, lua_Integer i) {
  lh_charge(L, 2);
  lua_geti(L, 1, i);
  if (!lua_isstring(L, -1)) {
    luaL_error(
      L, "invalid value (%s) at index %I in table for 'concat'", luaL_typename(L, -1), (LUAI_UACINT)i);
  }
  lh_charge(L, (int64_t)(lua_rawlen(L, -1) >> 6));
  luaL_addvalue(text);
}

static int table_concat(lua_State *L) {
  check_table(L, 1, counts);
  lua_Integer last = luaL_len(L, 1);
  size_t separator_length;
  const char *separator = luaL_optlstring(L, 2, "", &separator_length);
  lua_Integer first = luaL_optinteger(L, 3, 1);
  last = luaL_optinteger(L, 4, last);
  luaL_Buffer text;
  luaL_buffinit(L, &text);
  for (lua_Integer i = first; i <= last; i++) {
    add_element(L, &text, i);
    if (i == last) break;  // Before i + 1 can overflow.
    lh_charge(L, (int64_t)(separator_length >> 6));
    luaL_addlstring(&text, separator, separator_length);
  }
  luaL_pushresult(&text);
  return 1;
}

static int table_pack(lua_State *L) {
  int count = lua_gettop(L);
  lua_createtable(L, count, 1);
  lua_insert(L, 1);
  for (int i = count; i >= 1; i--) lua_rawseti(L, 1, i);
  lua_pushinteger(L, count);
  lua_setfield(L, 1, "n");
  return 1;
}

static int table_unpack(lua_State *L) {
  lua_Integer first = luaL_optinteger(L, 2, 1);
  lua_Integer last = lua_isnoneornil(L, 3) ? luaL_len(L, 1) : luaL_checkinteger(L, 3);
  if (first > last) return 0;
  lua_Unsigned count = (lua_Unsigned)last - (lua_Unsigned)first;
  if (count >= RESULTS_MAX || !lua_checkstack(L, (int)count + 1)) return luaL_error(L, "too many results to unpack");
  lh_charge(L, (int64_t)count);
  for (lua_Unsigned i = 0; i <= count; i++) lua_geti(L, 1, first + (lua_Integer)i);
  return (int)count + 1;
}

static int table_sort(lua_State *L) {
  check_table(L, 1, changes);
  lua_Integer count = luaL_len(L, 1);
  if (count < 2) return 0;
  luaL_argcheck(L, count < INT32_MAX, 1, "array too big");
  if (!lua_isnoneornil(L, 2)) luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_settop(L, 2);
  lh_sort_table(L, count);
  return 0;
}

static const luaL_Reg functions[] = {
  {"concat", table_concat}, {"insert", table_insert}, {"move", table_move},     {"pack", table_pack},
  {"remove", table_remove}, {"sort", table_sort},     {"unpack", table_unpack}, {NULL, NULL},
};

void lh_open_table(lua_State *L) {
  luaL_newlib(L, functions);
  lh_publish_library(L, "table");
}
