#include <string.h>

#include "budget.h"

/// Registry keys, and the mark of a locked table in its metatable.
static const char builtins_key = 'b';
static const char locked_key = 'l';

static int read_unknown(lua_State *L) {
  size_t length;
  const char *name = luaL_tolstring(L, 2, &length);
  const char *nearest = lh_nearest_key(L, 1, name, length, length < 4 ? 1 : 2);
  if (nearest != NULL) return luaL_error(L, "unknown global '%s' (did you mean '%s'?)", name, nearest);
  return luaL_error(L, "unknown global '%s'", name);
}

static int write_unknown(lua_State *L) {
  const char *name = luaL_tolstring(L, 2, NULL);
  return luaL_error(L, "cannot create the global '%s': write 'local %s' where it is first set", name, name);
}

static int write_readonly(lua_State *L) {
  const char *key = luaL_tolstring(L, 2, NULL);
  return luaL_error(L, "cannot set '%s': the table '%s' is read-only", key, lua_tostring(L, lua_upvalueindex(1)));
}

/// Sets `mt[&locked_key] = name` and `mt.__metatable = false` on the metatable at the top.
static void lock_metatable(lua_State *L, const char *name) {
  lua_pushstring(L, name);
  lua_rawsetp(L, -2, &locked_key);
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
}

void lh_refuse_locked(lua_State *L, int index) {
  if (!lua_getmetatable(L, index)) return;
  if (lua_rawgetp(L, -1, &locked_key) == LUA_TSTRING) {
    luaL_error(L, "the table '%s' is read-only", lua_tostring(L, -1));
  }
  lua_pop(L, 2);
}

void lh_make_readonly(lua_State *L, const char *name) {
  lua_newtable(L);
  lua_createtable(L, 0, 4);
  lua_pushvalue(L, -3);
  lua_setfield(L, -2, "__index");
  lua_pushstring(L, name);
  lua_pushcclosure(L, write_readonly, 1);
  lua_setfield(L, -2, "__newindex");
  lock_metatable(L, name);
  lua_setmetatable(L, -2);
  lua_replace(L, -2);
}

void lh_push_globals(lua_State *L) { lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS); }

void lh_set_global(lua_State *L, const char *name) {
  lh_push_globals(L);
  lua_pushstring(L, name);
  lua_pushvalue(L, -3);
  lua_rawset(L, -3);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &builtins_key);
  lua_pushstring(L, name);
  lua_pushvalue(L, -4);
  lua_rawset(L, -3);
  lua_pop(L, 3);
}

void lh_publish_library(lua_State *L, const char *name) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_pushvalue(L, -2);
  lua_setfield(L, -2, name);
  lua_pop(L, 1);
  lh_make_readonly(L, name);
  lh_set_global(L, name);
}

void lh_open_globals(lua_State *L) {
  lua_newtable(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &builtins_key);
  lh_push_globals(L);
  lua_createtable(L, 0, 4);
  lua_pushcfunction(L, read_unknown);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, write_unknown);
  lua_setfield(L, -2, "__newindex");
  lock_metatable(L, "_ENV");
  lua_setmetatable(L, -2);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_pushvalue(L, -2);
  lua_setfield(L, -2, "_G");
  lua_pop(L, 2);
}

/// Globals are a plain table so that reading one costs one look-up; the price is that overwriting one is noticed
/// only here.
void lh_check_globals(lua_State *L) {
  lh_push_globals(L);
  int globals = lua_gettop(L);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &builtins_key);
  lua_pushnil(L);
  while (lua_next(L, globals + 1) != 0) {
    lua_pushvalue(L, -2);
    lua_rawget(L, globals);
    if (!lua_rawequal(L, -1, -2)) {
      lua_pop(L, 1);
      lua_pushvalue(L, -2);
      lua_pushvalue(L, -2);
      lua_rawset(L, globals);
      luaL_error(L, "cannot assign to the built-in global '%s'", lua_tostring(L, -2));
    }
    lua_pop(L, 2);
  }
  lua_settop(L, globals - 1);
}

int lh_compile(lua_State *L, const char *chunk_name, const char *source, size_t length) {
  lh_charge_scan(L, length);
  return luaL_loadbufferx(L, source, length, chunk_name, "t");
}
