/// `relay.settings { name = default, … }`: a script declares its settings, the operator overrides them.
#include "host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/// Pushes what a setting of the running script is called outside: PLUGIN.NAME, or NAME for the policy.
static const char *push_full_name(lua_State *L, const lh_host *host, const char *name) {
  if (lh_is_policy(host, host->running)) return lua_pushstring(L, name);
  return lua_pushfstring(L, "%s.%s", host->scripts[host->running].name, name);
}

static lh_setting *setting_named(lh_host *host, const char *name) {
  for (size_t i = 0; i < host->setting_count; i++)
    if (strcmp(host->settings[i].name, name) == 0) return &host->settings[i];
  return NULL;
}

/// Pushes the words of a text as a list.
static void push_words(lua_State *L, const char *text) {
  static const char space[] = " \t\r\n";
  lua_newtable(L);
  for (lua_Integer count = 1; *(text += strspn(text, space)) != 0; count++) {
    size_t length = strcspn(text, space);
    lua_pushlstring(L, text, length);
    lua_rawseti(L, -2, count);
    text += length;
  }
}

/// Pushes a copy of the list at the top, which holds texts and nothing else.
static void push_list(lua_State *L, const char *name) {
  int list = lua_gettop(L);
  lua_Integer count = (lua_Integer)lua_rawlen(L, list), pairs = 0;
  lua_newtable(L);
  lua_pushnil(L);
  for (; lua_next(L, list); pairs++) lua_pop(L, 1);
  for (lua_Integer i = 1; i <= count; i++) {
    if (lua_rawgeti(L, list, i) != LUA_TSTRING)
      luaL_error(L, "setting %s: a list holds strings, not a %s", name, luaL_typename(L, -1));
    lua_rawseti(L, -2, i);
  }
  if (pairs != count) luaL_error(L, "setting %s: a list holds strings one after the other, without names", name);
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
    case LUA_TTABLE: push_words(L, setting->value); break;
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

/// Replaces the default on top of the stack by the value to go by.
static void settle(lua_State *L, lh_host *host, const char *name) {
  int type = lua_type(L, -1);
  if (type != LUA_TNUMBER && type != LUA_TBOOLEAN && type != LUA_TSTRING && type != LUA_TTABLE)
    luaL_error(L, "setting %s: a default is a number, a boolean, a string or a list of strings, not a %s", name,
               luaL_typename(L, -1));
  const char *full_name = push_full_name(L, host, name);
  lua_insert(L, -2);
  remember(L, full_name);
  lh_setting *given = setting_named(host, full_name);
  if (given != NULL) {
    push_given(L, given);
    given->used = true;
    lua_remove(L, -2);
  } else if (type == LUA_TTABLE) {
    push_list(L, name);
    lua_remove(L, -2);
  }
  lua_remove(L, -2);
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
    settle(L, host, lua_tostring(L, -2));
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

/// Raises when the operator gave a setting that no script has declared, naming those there are.
void lh_require_settings_used(lua_State *L, lh_host *host) {
  for (size_t i = 0; i < host->setting_count; i++) {
    if (host->settings[i].used) continue;
    if (lua_getfield(L, LUA_REGISTRYINDEX, "lobbyist.settings") != LUA_TTABLE)
      luaL_error(L, "no setting is named '%s': the script declares none", host->settings[i].name);
    size_t length = strlen(host->settings[i].name);
    int declared = lua_gettop(L);
    const char *nearest = lh_nearest_key(L, declared, host->settings[i].name, length, length < 6 ? 2 : length / 3);
    if (nearest != NULL)
      luaL_error(L, "no setting is named '%s': did you mean '%s'?", host->settings[i].name, nearest);
    lua_settop(L, declared);
    join_keys(L);
    luaL_error(L, "no setting is named '%s'; there are: %s", host->settings[i].name, lua_tostring(L, -1));
  }
}
