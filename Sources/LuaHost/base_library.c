#include "budget.h"

/// Like Lua's, except that nobody catches an exhausted budget or missing memory.
static int base_pcall(lua_State *L) {
  luaL_checkany(L, 1);
  lua_pushboolean(L, 1);
  lua_insert(L, 1);
  int status = lua_pcall(L, lua_gettop(L) - 2, LUA_MULTRET, 0);
  if (status == LUA_OK) return lua_gettop(L);
  lh_budget_rethrow(L, status);
  lua_pushboolean(L, 0);
  lua_insert(L, -2);
  return 2;
}

/// Stands before a script's own message handler: an exhausted budget is not shown to it.
static int handle_message(lua_State *L) {
  if (lh_budget_tripped(L) != LH_TRIP_NONE) return 1;
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, 1);
  return 1;
}

static int base_xpcall(lua_State *L) {
  luaL_checktype(L, 2, LUA_TFUNCTION);
  int count = lua_gettop(L) - 2;
  lua_pushvalue(L, 2);
  lua_pushcclosure(L, handle_message, 1);
  lua_replace(L, 2);
  // function, handler, arguments... → handler, true, function, arguments...
  lua_pushvalue(L, 2);
  lua_insert(L, 1);
  lua_pushboolean(L, 1);
  lua_replace(L, 3);
  lua_pushvalue(L, 2);
  lua_insert(L, 4);
  lua_remove(L, 2);
  int status = lua_pcall(L, count, LUA_MULTRET, 1);
  if (status == LUA_OK) return lua_gettop(L) - 1;
  lh_budget_rethrow(L, status);
  lua_pushboolean(L, 0);
  lua_insert(L, -2);
  return 2;
}

/// Finalizers would run whenever the collector does, outside of any budget and with hooks off.
static int base_setmetatable(lua_State *L) {
  int type = lua_type(L, 2);
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_argexpected(L, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table");
  if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL) return luaL_error(L, "cannot change a protected metatable");
  if (type == LUA_TTABLE) {
    lua_pushliteral(L, "__gc");
    if (lua_rawget(L, 2) != LUA_TNIL) return luaL_error(L, "a metatable must not have '__gc'");
  }
  lua_settop(L, 2);
  lua_setmetatable(L, 1);
  return 1;
}

static int base_rawset(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checkany(L, 2);
  luaL_checkany(L, 3);
  lua_settop(L, 3);
  lh_refuse_locked(L, 1);
  lua_rawset(L, 1);
  return 1;
}

static int base_print(lua_State *L) {
  int count = lua_gettop(L);
  luaL_Buffer line;
  luaL_buffinit(L, &line);
  for (int i = 1; i <= count; i++) {
    size_t length;
    luaL_tolstring(L, i, &length);
    lh_charge_scan(L, length);
    luaL_addvalue(&line);
    if (i < count) luaL_addchar(&line, '\t');
  }
  luaL_pushresult(&line);
  size_t length;
  const char *text = lua_tolstring(L, -1, &length);
  lh_charge(L, 16);
  lh_log_line(lh_of(L), text, length);
  return 0;
}

/// Charges for the length of a text argument, then becomes Lua's own function (the upvalue).
static int charged_conversion(lua_State *L) {
  if (lua_type(L, 1) == LUA_TSTRING) lh_charge_scan(L, lua_rawlen(L, 1));
  return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

static int charged_select(lua_State *L) {
  lh_charge(L, lua_gettop(L) >> 3);
  return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

static const luaL_Reg own[] = {
  {"pcall", base_pcall}, {"xpcall", base_xpcall}, {"setmetatable", base_setmetatable}, {"rawset", base_rawset},
  {"print", base_print}, {NULL, NULL},
};
static const char *const kept[] = {
  "assert", "error", "ipairs", "next", "pairs", "rawequal", "rawget", "rawlen", "getmetatable", "tostring", "type",
};

/// Takes Lua's own functions from a table that scripts never see.
void lh_open_base(lua_State *L) {
  int top = lua_gettop(L);
  lh_push_globals(L);
  int globals = lua_gettop(L);
  lua_newtable(L);
  int scratch = lua_gettop(L);
  // luaopen_base fills whatever the registry calls the globals.
  lua_pushvalue(L, scratch);
  lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
  lua_pushcfunction(L, luaopen_base);
  lua_call(L, 0, 0);
  lua_pushvalue(L, globals);
  lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
  for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
    lua_getfield(L, scratch, kept[i]);
    lh_set_global(L, kept[i]);
  }
  lua_getfield(L, scratch, "tonumber");
  lua_pushcclosure(L, charged_conversion, 1);
  lh_set_global(L, "tonumber");
  lua_getfield(L, scratch, "select");
  lua_pushcclosure(L, charged_select, 1);
  lh_set_global(L, "select");
  for (const luaL_Reg *entry = own; entry->name != NULL; entry++) {
    lua_pushcfunction(L, entry->func);
    lh_set_global(L, entry->name);
  }
  lua_settop(L, top);
}

/// `math` without `randomseed`: its generator is seeded by the host.
void lh_open_math(lua_State *L, const uint64_t seed[2]) {
  lua_pushcfunction(L, luaopen_math);
  lua_call(L, 0, 1);
  lua_getfield(L, -1, "randomseed");
  lua_pushinteger(L, (lua_Integer)seed[0]);
  lua_pushinteger(L, (lua_Integer)seed[1]);
  lua_call(L, 2, 0);
  lua_pushnil(L);
  lua_setfield(L, -2, "randomseed");
  lh_publish_library(L, "math");
}
