/// Peers, lobbies, messages and requests as a script holds them: userdata that name what the relay owns.
#include "host.h"

#include <string.h>

static void push_new(lua_State *L, lh_host *host, uint32_t kind, uint32_t slot, uint32_t generation) {
  lh_reference *reference = lua_newuserdatauv(L, sizeof *reference, 0);
  *reference = (lh_reference){LH_REFERENCE_MAGIC, kind, slot, generation};
  lua_rawgeti(L, LUA_REGISTRYINDEX, host->metatables[kind]);
  lua_setmetatable(L, -2);
}

/// One userdata for as long as the slot has this owner, so that `==` means the same peer.
static void push_cached(lua_State *L, lh_host *host, const lh_value *value, int cache) {
  lua_Integer position = (lua_Integer)value->slot + 1;
  if (lua_rawgeti(L, cache, position) == LUA_TUSERDATA) {
    const lh_reference *reference = lua_touserdata(L, -1);
    if (reference->generation == value->generation) return;
  }
  lua_pop(L, 1);
  push_new(L, host, value->kind, value->slot, value->generation);
  lua_pushvalue(L, -1);
  lua_rawseti(L, cache, position);
}

void lh_push_value(lua_State *L, lh_host *host, const lh_value *value) {
  switch ((lh_kind)value->kind) {
    case LH_BOOL: lua_pushboolean(L, value->integer != 0); break;
    case LH_INTEGER: lua_pushinteger(L, value->integer); break;
    case LH_NUMBER: lua_pushnumber(L, value->number); break;
    case LH_TEXT:
    case LH_JSON: lua_pushlstring(L, (const char *)value->bytes, value->count); break;
    case LH_PEER: push_cached(L, host, value, lua_upvalueindex(LH_UPVALUE_PEERS)); break;
    case LH_LOBBY: push_cached(L, host, value, lua_upvalueindex(LH_UPVALUE_LOBBIES)); break;
    case LH_MOUNT: lua_rawgeti(L, LUA_REGISTRYINDEX, host->mount); break;
    case LH_MESSAGE:
    case LH_REQUEST: push_new(L, host, value->kind, host->epoch, 0); break;
    case LH_NIL:
    case LH_TEXT_OR_EMPTY:
    case LH_ABSENT: lua_pushnil(L); break;
  }
}

static const char *const kind_names[] = {
  [LH_PEER] = "peer", [LH_LOBBY] = "lobby", [LH_MOUNT] = "mount", [LH_MESSAGE] = "message", [LH_REQUEST] = "request"};

const char *lh_type_name(lua_State *L, int index) {
  const lh_reference *reference = lh_to_reference(L, index);
  return reference != NULL ? kind_names[reference->kind] : luaL_typename(L, index);
}

/// `peer.nickname`: a method where there is one of this name, else the attribute.
static int get_attribute(lua_State *L) {
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(LH_UPVALUE_METHODS)) != LUA_TNIL) return 1;
  lh_host *host = lh_host_of(L);
  lh_call *call = &host->call;
  if (!lh_read_plain(L, 1, &call->arguments[0])) return luaL_argerror(L, 1, "the wrong kind of value");
  if (lua_type(L, 2) != LUA_TSTRING) return luaL_error(L, "attributes have names, not %s keys", luaL_typename(L, 2));
  lh_read_plain(L, 2, &call->arguments[1]);
  call->argument_count = 2;
  return lh_api_dispatch(L, host, LH_OP_GET_ATTRIBUTE);
}

static int set_attribute(lua_State *L) {
  lh_host *host = lh_host_of(L);
  lh_call *call = &host->call;
  if (lua_type(L, 2) != LUA_TSTRING) return luaL_error(L, "attributes have names, not %s keys", luaL_typename(L, 2));
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(LH_UPVALUE_METHODS)) != LUA_TNIL)
    return luaL_error(L, "'%s' is a method: choose another name for the attribute", lua_tostring(L, 2));
  if (!lh_read_plain(L, 1, &call->arguments[0])) return luaL_argerror(L, 1, "the wrong kind of value");
  lh_read_plain(L, 2, &call->arguments[1]);
  if (!lh_read_plain(L, 3, &call->arguments[2]) || call->arguments[2].kind > LH_TEXT)
    return luaL_error(L, "attribute '%s': nil, a boolean, a number or a string is kept, not a %s (json.encode makes a string of a table)",
                      lua_tostring(L, 2), lh_type_name(L, 3));
  call->argument_count = 3;
  return lh_api_dispatch(L, host, LH_OP_SET_ATTRIBUTE);
}

static int refuse_attribute(lua_State *L) {
  return luaL_error(L, "a message or request lives as long as its hook and keeps no attributes; set them on the peer");
}

static int describe(lua_State *L) {
  const lh_reference *reference = lh_to_reference(L, 1);
  if (reference == NULL) return luaL_argerror(L, 1, "the wrong kind of value");
  if (reference->kind == LH_PEER || reference->kind == LH_LOBBY)
    lua_pushfstring(L, "%s %d", kind_names[reference->kind], (int)reference->generation);
  else
    lua_pushstring(L, kind_names[reference->kind]);
  return 1;
}

void lh_push_function(lua_State *L, lh_host *host, lua_CFunction function) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, host->peers);
  lua_rawgeti(L, LUA_REGISTRYINDEX, host->lobbies);
  lua_pushcclosure(L, function, 2);
}

static void push_with_methods(lua_State *L, lh_host *host, lua_CFunction function, int methods) {
  lua_rawgeti(L, LUA_REGISTRYINDEX, host->peers);
  lua_rawgeti(L, LUA_REGISTRYINDEX, host->lobbies);
  lua_pushvalue(L, methods);
  lua_pushcclosure(L, function, 3);
}

/// Makes the metatable of one kind, around the methods table on top of the stack, which it pops.
static void open_kind(lua_State *L, lh_host *host, uint32_t kind, const char *name) {
  int methods = lua_gettop(L);
  bool has_attributes = kind == LH_PEER || kind == LH_LOBBY || kind == LH_MOUNT;
  lua_createtable(L, 0, 6);
  lua_pushstring(L, name);
  lua_setfield(L, -2, "__name");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_pushcfunction(L, describe);
  lua_setfield(L, -2, "__tostring");
  if (has_attributes) {
    push_with_methods(L, host, get_attribute, methods);
  } else {
    lua_pushvalue(L, methods);
  }
  lua_setfield(L, -2, "__index");
  push_with_methods(L, host, has_attributes ? set_attribute : refuse_attribute, methods);
  lua_setfield(L, -2, "__newindex");
  host->metatables[kind] = luaL_ref(L, LUA_REGISTRYINDEX);
  lua_pop(L, 1);
}

static void push_methods(lua_State *L, lh_host *host, const char *receiver) {
  lua_newtable(L);
  for (int operation = 0; operation < LH_OPERATION_COUNT; operation++) {
    if (strcmp(lh_api_rows[operation].receiver, receiver) != 0) continue;
    lh_push_function(L, host, lh_api_function(operation));
    lua_setfield(L, -2, lh_api_rows[operation].name);
  }
}

void lh_references_open(lua_State *L, lh_host *host) {
  static const struct { uint32_t kind; const char *name; } kinds[] = {
    {LH_PEER, "peer"}, {LH_LOBBY, "lobby"}, {LH_MOUNT, "mount"}, {LH_MESSAGE, "message"}, {LH_REQUEST, "request"}};
  lua_newtable(L);
  host->peers = luaL_ref(L, LUA_REGISTRYINDEX);
  lua_newtable(L);
  host->lobbies = luaL_ref(L, LUA_REGISTRYINDEX);
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    push_methods(L, host, kinds[i].name);
    open_kind(L, host, kinds[i].kind, kinds[i].name);
  }
  push_new(L, host, LH_MOUNT, 0, 0);
  host->mount = luaL_ref(L, LUA_REGISTRYINDEX);
}
