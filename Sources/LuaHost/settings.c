/// `relay.settings { name = default, … }`: a script declares its settings, the operator overrides them.
#include "host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static lh_setting *setting_named(lh_host *host, const char *name) {
  for (size_t i = 0; i < host->setting_count; i++)
    if (strcmp(host->settings[i].name, name) == 0) return &host->settings[i];
  return NULL;
}

/// Pushes the operator's value as the type that the default (on top of the stack) has.
static void push_given(lua_State *L, const lh_setting *setting) {
  switch (lua_type(L, -1)) {
    case LUA_TNUMBER: {
      size_t length = strlen(setting->value);
      if (lua_stringtonumber(L, setting->value) != length + 1)
        luaL_error(L, "setting %s: '%s' is not a number", setting->name, setting->value);
      if (lua_isinteger(L, -2) && lua_isinteger(L, -1) == 0)
        luaL_error(L, "setting %s: '%s' is not a whole number", setting->name, setting->value);
      break;
    }
    case LUA_TBOOLEAN:
      if (strcmp(setting->value, "true") != 0 && strcmp(setting->value, "false") != 0)
        luaL_error(L, "setting %s: '%s' is neither true nor false", setting->name, setting->value);
      lua_pushboolean(L, strcmp(setting->value, "true") == 0);
      break;
    default: lua_pushstring(L, setting->value);
  }
}

/// Pushes the table of all names declared so far, by the script and by what it requires.
static void push_declared(lua_State *L) {
  if (lua_getfield(L, LUA_REGISTRYINDEX, "lobbyist.settings") == LUA_TTABLE) return;
  lua_pop(L, 1);
  lua_newtable(L);
  lua_pushvalue(L, -1);
  lua_setfield(L, LUA_REGISTRYINDEX, "lobbyist.settings");
}

/// Adds the name to the declared ones, which lie at index 3.
static void remember(lua_State *L, const char *name) {
  if (lua_getfield(L, 3, name) != LUA_TNIL) luaL_error(L, "setting %s is declared twice", name);
  lua_pop(L, 1);
  lua_pushboolean(L, 1);
  lua_setfield(L, 3, name);
}

int lh_declare_settings(lua_State *L) {
  lh_host *host = lh_host_of(L);
  if (host->in_hook) return luaL_error(L, "settings are declared while the script loads, not in a hook");
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  lua_newtable(L);
  push_declared(L);
  lua_pushnil(L);
  while (lua_next(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING) return luaL_error(L, "a setting's name is a string");
    int type = lua_type(L, -1);
    const char *name = lua_tostring(L, -2);
    if (type != LUA_TNUMBER && type != LUA_TBOOLEAN && type != LUA_TSTRING)
      return luaL_error(L, "setting %s: a default is a number, a boolean or a string, not a %s", name, luaL_typename(L, -1));
    remember(L, name);
    lh_setting *given = setting_named(host, name);
    if (given != NULL) {
      push_given(L, given);
      given->used = true;
      lua_remove(L, -2);
    }
    lua_pushvalue(L, -2);
    lua_insert(L, -2);
    lua_rawset(L, 2);
  }
  lua_settop(L, 2);
  return 1;
}

/// Replaces the table on top of the stack by its keys as one text.
static void join_keys(lua_State *L) {
  int table = lua_gettop(L);
  lua_pushliteral(L, "");
  lua_pushnil(L);
  while (lua_next(L, table)) {
    lua_pop(L, 1);
    const char *so_far = lua_tostring(L, -2);
    lua_pushfstring(L, "%s%s%s", so_far, *so_far ? ", " : "", lua_tostring(L, -1));
    lua_replace(L, -3);
  }
  lua_replace(L, table);
}

/// Raises when the operator gave a setting that the script has not declared, naming those it has.
void lh_require_settings_used(lua_State *L, lh_host *host) {
  for (size_t i = 0; i < host->setting_count; i++) {
    if (host->settings[i].used) continue;
    if (lua_getfield(L, LUA_REGISTRYINDEX, "lobbyist.settings") != LUA_TTABLE)
      luaL_error(L, "no setting is named '%s': the script declares none", host->settings[i].name);
    join_keys(L);
    luaL_error(L, "no setting is named '%s'; the script has: %s", host->settings[i].name, lua_tostring(L, -1));
  }
}
