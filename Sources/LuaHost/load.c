/// Loading a policy: run the script, take its hooks out of the table that it returns.
#include "host.h"

#include <string.h>

#include "budget.h"
#include "LuaConfiguration.h"

const char *const lh_hook_names[LH_HOOK_COUNT] = {
  "on_upgrade", "on_connect", "on_message", "on_disconnect", "on_request", "on_reload", "on_drain", "on_join",
  "on_create", "on_find"};

static size_t distance(const char *one, const char *other) {
  return lh_name_distance(one, strlen(one), other, strlen(other));
}

static void refuse_hook(lua_State *L, const char *name) {
  const char *nearest = lh_hook_names[0];
  for (int hook = 1; hook < LH_HOOK_COUNT; hook++)
    if (distance(name, lh_hook_names[hook]) < distance(name, nearest)) nearest = lh_hook_names[hook];
  luaL_error(L, "no hook is named '%s': did you mean '%s'?", name, nearest);
}

/// The script's table is on top of the stack, here and below.
static void take_hooks(lua_State *L, lh_host *host) {
  for (int hook = 0; hook < LH_HOOK_COUNT; hook++) {
    const char *name = lh_hook_names[hook];
    int type = lua_getfield(L, -1, name);
    if (type != LUA_TNIL && type != LUA_TFUNCTION)
      luaL_error(L, "hook '%s' is a %s, not a function", name, luaL_typename(L, -1));
    if (type == LUA_TNIL) {
      lua_pop(L, 1);
      continue;
    }
    if (hook >= LH_ON_JOIN && lh_is_policy(host, host->running))
      luaL_error(L, "hook '%s' is for plugins: name this file with --plugin", name);
    lh_chain *chain = &host->chains[hook];
    chain->links[chain->count++] = (lh_link){.function = luaL_ref(L, LUA_REGISTRYINDEX), .script = host->running};
  }
}

static bool is_hook(const char *name) {
  for (int hook = 0; hook < LH_HOOK_COUNT; hook++)
    if (strcmp(name, lh_hook_names[hook]) == 0) return true;
  return false;
}

static void refuse_unknown_hooks(lua_State *L) {
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    if (lua_type(L, -2) == LUA_TSTRING) {
      const char *name = lua_tostring(L, -2);
      if (strncmp(name, "on_", 3) == 0 && !is_hook(name)) refuse_hook(L, name);
    }
    lua_pop(L, 1);
  }
}

void lh_require_timer_name(lua_State *L, int index) {
  size_t length;
  const char *name = lua_tolstring(L, index, &length);
  if (length == 0) luaL_error(L, "a timer's name is not empty");
  if (memchr(name, '.', length) != NULL)
    luaL_error(L, "the timer '%s': a name has no dot, which stands behind a plugin's name", name);
}

static void take_timers(lua_State *L, lh_host *host) {
  int type = lua_getfield(L, -1, "timers");
  if (type == LUA_TNIL) {
    lua_pop(L, 1);
    return;
  }
  if (type != LUA_TTABLE) luaL_error(L, "the script's timers are a %s, not a table of functions", luaL_typename(L, -1));
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    if (lua_type(L, -2) != LUA_TSTRING || !lua_isfunction(L, -1))
      luaL_error(L, "the script's timers are functions under names, not a %s", luaL_typename(L, -1));
    lh_require_timer_name(L, -2);
    lua_pop(L, 1);
  }
  host->scripts[host->running].timers = luaL_ref(L, LUA_REGISTRYINDEX);
}

void lh_require_timer(lua_State *L, const lh_host *host, int name_index) {
  // Until the script has returned its table, nobody knows its timers.
  if (!host->in_hook) return;
  size_t length;
  const char *name = lua_tolstring(L, name_index, &length);
  int timers = host->scripts[host->running].timers;
  if (timers == LUA_NOREF) luaL_error(L, "no timer is named '%s': the script defines none", name);
  lua_rawgeti(L, LUA_REGISTRYINDEX, timers);
  lua_pushvalue(L, name_index);
  bool is_defined = lua_rawget(L, -2) == LUA_TFUNCTION;
  lua_pop(L, 1);
  if (!is_defined) {
    const char *nearest = lh_nearest_key(L, lua_gettop(L), name, length, SIZE_MAX - 1);
    if (nearest == NULL) luaL_error(L, "no timer is named '%s' in the script's timers", name);
    luaL_error(L, "no timer is named '%s': did you mean '%s'?", name, nearest);
  }
  lua_pop(L, 1);
}

/// Runs protected; the argument is an lh_chunk.
static int load_script(lua_State *L) {
  const lh_chunk *chunk = lua_touserdata(L, 1);
  lh_host *host = lh_host_of(L);
  if (lh_compile(L, chunk->chunk_name, (const char *)chunk->source, chunk->count) != LUA_OK) return lua_error(L);
  lua_call(L, 0, 1);
  lh_check_globals(L);
  if (!lua_istable(L, -1))
    return luaL_error(L, "the script returns %s; it ends with 'return %s', a table of hooks",
                      lua_isnil(L, -1) ? "nothing" : luaL_typename(L, -1),
                      lh_is_policy(host, host->running) ? "policy" : "plugin");
  take_hooks(L, host);
  refuse_unknown_hooks(L);
  take_timers(L, host);
  // Only when all are loaded is it known which settings there are.
  if (lh_is_policy(host, host->running)) lh_require_settings_used(L, host);
  return 0;
}

lh_status lh_host_load(lh_host *host, const lh_chunk *chunks, size_t chunk_count, lh_setting *settings,
                       size_t setting_count) {
  lh_status status = LH_DONE;
  host->settings = settings;
  host->setting_count = setting_count;
  for (size_t i = 0; i < chunk_count && i < LH_SCRIPTS_MAX && status == LH_DONE; i++) {
    lh_script *script = &host->scripts[host->script_count];
    if (chunks[i].plugin != NULL) strncpy(script->name, chunks[i].plugin, sizeof script->name - 1);
    host->running = host->script_count++;
    status = lh_host_run(host, load_script, (void *)&chunks[i], host->limits.load_instructions,
                         host->limits.load_nanoseconds);
  }
  host->settings = NULL;
  host->setting_count = 0;
  return status;
}
