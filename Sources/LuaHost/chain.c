/// Where plugins have a say in what a script asks of the relay: who joins a lobby, and what lobbies are called.
/// They are asked here, in Lua, before the relay is. What a plugin itself does asks no plugin.
#include "host.h"

#include <string.h>

#include "budget.h"

void lh_qualify(lua_State *L, const lh_host *host, int name_index) {
  const char *plugin = host->scripts[host->running].name;
  if (plugin[0] == 0) lua_pushvalue(L, name_index);
  else lua_pushfstring(L, "%s.%s", plugin, lua_tostring(L, name_index));
}

static bool is_asked(const lh_host *host, lh_hook hook) {
  return host->chains[hook].count > 0 && host->in_hook && lh_is_policy(host, host->running);
}

/// Calls one link with the `count` values on top of the stack, which stay there, and pushes its answer. Protected, as a
/// policy that catches a plugin's error must not go on in the plugin's name, whom no plugin is asked about.
static void ask(lua_State *L, lh_host *host, const lh_link *link, int count) {
  int before = host->running;
  luaL_checkstack(L, count + 2, "plugins");
  host->running = link->script;
  lua_rawgeti(L, LUA_REGISTRYINDEX, link->function);
  for (int i = 0; i < count; i++) lua_pushvalue(L, -count - 1);
  int status = lua_pcall(L, count, 1, 0);
  host->running = before;
  if (status == LUA_OK) return;
  lh_budget_rethrow(L, status);
  lua_error(L);
}

static bool is_same(const lh_value *one, const lh_reference *other) {
  return one->slot == other->slot && one->generation == other->generation;
}

static lh_value to_value(const lh_reference *reference) {
  return (lh_value){.kind = reference->kind, .slot = reference->slot, .generation = reference->generation};
}

/// Asks who may join: the lobby and the peer are at 1 and 2. Answers whether all agree; otherwise the reason is on top
/// of the stack. Arguments of other types are left to the relay to refuse.
static bool agree(lua_State *L, lh_host *host) {
  const lh_reference *lobby = lh_to_reference(L, 1), *peer = lh_to_reference(L, 2);
  if (lobby == NULL || lobby->kind != LH_LOBBY || peer == NULL || peer->kind != LH_PEER) return true;
  // Where the lobby is another version's, the event is handed over here, before this version's plugins are asked.
  lh_api_call(L, LH_OP_LOBBY_COUNT);
  lua_pop(L, 1);
  bool is_known = host->admitted_epoch == host->epoch && is_same(&host->admitted_peer, peer) &&
                  is_same(&host->admitted_lobby, lobby);
  if (is_known) return true;
  const lh_chain *chain = &host->chains[LH_ON_JOIN];
  for (int link = 0; link < chain->count; link++) {
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 1);
    ask(L, host, &chain->links[link], 2);
    if (lua_type(L, -1) == LUA_TSTRING) return false;
    if (lua_toboolean(L, -1))
      luaL_error(L, "on_join of plugin '%s' answers a %s: the reason is a string, and nothing lets the peer in",
                 host->scripts[chain->links[link].script].name, luaL_typename(L, -1));
    lua_pop(L, 3);
  }
  host->admitted_epoch = host->epoch;
  host->admitted_peer = to_value(peer);
  host->admitted_lobby = to_value(lobby);
  return true;
}

/// Ends the event without effect; the relay closes the peer with the reason, which is on top of the stack.
static int refuse(lua_State *L, lh_host *host) {
  size_t length;
  const char *reason = lua_tolstring(L, -1, &length);
  if (length >= sizeof host->refusal) {
    // No part of a character is left at the end.
    length = sizeof host->refusal - 1;
    while (length > 0 && ((unsigned char)reason[length] & 0xC0) == 0x80) length--;
  }
  memcpy(host->refusal, reason, length);
  host->refusal[length] = 0;
  host->refused_peer = to_value(lh_to_reference(L, 2));
  lh_budget_trip(host->sandbox, LH_TRIP_REFUSED);
  return lh_budget_raise(L);
}

int lh_add_member(lua_State *L) {
  lh_host *host = lh_host_of(L);
  if (is_asked(host, LH_ON_JOIN) && !agree(L, host)) return refuse(L, host);
  if (host->in_hook) {
    // Whether there is room, and the reason where there is none.
    lh_api_call(L, LH_OP_LOBBY_ADMITS);
    if (!lua_toboolean(L, -2)) return refuse(L, host);
    lua_pop(L, 2);
  }
  return lh_api_call(L, LH_OP_LOBBY_ADD);
}

int lh_admits(lua_State *L) {
  lh_host *host = lh_host_of(L);
  if (is_asked(host, LH_ON_JOIN) && !agree(L, host)) {
    lua_pushboolean(L, 0);
    lua_insert(L, -2);
    return 2;
  }
  return lh_api_call(L, LH_OP_LOBBY_ADMITS);
}

/// Lets each plugin change the name at `index`; `count` values from there on are what it is told.
static void ask_name(lua_State *L, lh_host *host, lh_hook hook, int index, int count) {
  const lh_chain *chain = &host->chains[hook];
  for (int link = 0; link < chain->count; link++) {
    for (int i = 0; i < count; i++) lua_pushvalue(L, index + i);
    ask(L, host, &chain->links[link], count);
    if (lua_type(L, -1) == LUA_TSTRING) {
      lua_replace(L, index);
      lua_pop(L, count);
    } else if (lua_isnil(L, -1)) {
      lua_pop(L, count + 1);
    } else {
      luaL_error(L, "%s of plugin '%s' answers a %s, not a name", lh_hook_names[hook],
                 host->scripts[chain->links[link].script].name, luaL_typename(L, -1));
    }
  }
}

/// A call of the mount about the lobby of a name, which plugins may change.
static int call_named(lua_State *L, lh_hook hook, uint32_t operation) {
  lh_host *host = lh_host_of(L);
  if (is_asked(host, hook) && lua_type(L, 2) == LUA_TSTRING) {
    lua_settop(L, 2);
    lh_push_value(L, host, &host->event_peer);
    ask_name(L, host, hook, 2, 2);
    lua_settop(L, 2);
  }
  return lh_api_call(L, operation);
}

int lh_create_lobby(lua_State *L) { return call_named(L, LH_ON_CREATE, LH_OP_MOUNT_CREATE_LOBBY); }

int lh_find_lobby(lua_State *L) { return call_named(L, LH_ON_FIND, LH_OP_MOUNT_FIND_LOBBY); }
