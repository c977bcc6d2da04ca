#include "budget.h"
#include "json.h"

#define INDENT_MAX 8

const char lh_json_order_key = 'o';
// As long as a reference (host.h), which light userdata are compared with.
static const char null_key[16];
static const char absent_key[16];
static const char text_key[16];
static const char array_mark_key = 'a';

void lh_json_push_null(lua_State *L) { lua_pushlightuserdata(L, (void *)null_key); }

void lh_json_push_absent(lua_State *L) { lua_pushlightuserdata(L, (void *)absent_key); }

bool lh_json_is_absent(lua_State *L, int index) { return lua_touserdata(L, index) == absent_key; }

bool lh_json_is_text(lua_State *L, int index) { return lua_touserdata(L, index) == text_key; }

bool lh_json_is_null(lua_State *L, int index) { return lua_touserdata(L, index) == null_key; }

void lh_json_push_array_mark(lua_State *L) { lua_rawgetp(L, LUA_REGISTRYINDEX, &array_mark_key); }

/// `json.decode(text)`: the value, or nil and a message. What arrives from the internet is no programming error.
static int json_decode(lua_State *L) {
  size_t length;
  const char *text = luaL_checklstring(L, 1, &length);
  if (lh_json_decode(L, text, length)) return 1;
  luaL_pushfail(L);
  lua_insert(L, -2);
  return 2;
}

/// `json.encode(value [, { indent = n }])`.
static int json_encode(lua_State *L) {
  luaL_checkany(L, 1);
  lua_settop(L, 2);
  int indent = 0;
  if (!lua_isnil(L, 2)) {
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_pushliteral(L, "indent");
    if (lua_rawget(L, 2) != LUA_TNIL) {
      int valid;
      lua_Integer wanted = lua_tointegerx(L, -1, &valid);
      luaL_argcheck(L, valid && wanted >= 0 && wanted <= INDENT_MAX, 2, "indent must be an integer from 0 to 8");
      indent = (int)wanted;
    }
  }
  lh_json_encode(L, 1, indent);
  return 1;
}

/// Raises when a mark would replace a metatable that the script set.
static void refuse_metatable(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  if (!lua_getmetatable(L, 1)) return;
  lh_json_push_array_mark(L);
  bool marked = lua_rawequal(L, -1, -2);
  if (!marked) luaL_error(L, "json.array: the table has a metatable already");
  lua_pop(L, 2);
}

/// `json.array([table])`: the same table, written as an array even when empty.
static int json_array(lua_State *L) {
  if (lua_isnoneornil(L, 1)) {
    lua_settop(L, 0);
    lua_newtable(L);
  }
  lua_settop(L, 1);
  refuse_metatable(L);
  lh_json_push_array_mark(L);
  lua_setmetatable(L, 1);
  return 1;
}

/// `json.object(key, value, …)`: a table whose members are written in this order. Members with a nil value are left
/// out; those set later follow, sorted.
static int json_object(lua_State *L) {
  int count = lua_gettop(L);
  if (count % 2 != 0) return luaL_error(L, "json.object: key without a value");
  lua_createtable(L, 0, count / 2);
  lua_createtable(L, count / 2, 0);
  int object = count + 1, order = count + 2;
  lua_Integer ordered = 0;
  for (int i = 1; i < count; i += 2) {
    if (lua_type(L, i) != LUA_TSTRING) return luaL_argerror(L, i, "a key must be a string");
    lua_pushvalue(L, i);
    bool repeated = lua_rawget(L, object) != LUA_TNIL;
    lua_pop(L, 1);
    lua_pushvalue(L, i);
    lua_pushvalue(L, i + 1);
    lua_rawset(L, object);
    if (repeated || lua_isnil(L, i + 1)) continue;
    lua_pushvalue(L, i);
    lua_rawseti(L, order, ++ordered);
  }
  lua_createtable(L, 0, 2);
  lua_pushvalue(L, order);
  lua_rawsetp(L, -2, &lh_json_order_key);
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, object);
  lua_settop(L, object);
  return 1;
}

static int null_to_text(lua_State *L) {
  if (lh_json_is_null(L, 1)) lua_pushliteral(L, "null");
  else if (lh_json_is_absent(L, 1)) lua_pushliteral(L, "absent");
  else if (lh_json_is_text(L, 1)) lua_pushliteral(L, "text");
  else lua_pushfstring(L, "userdata: %p", lua_touserdata(L, 1));
  return 1;
}

static const luaL_Reg functions[] = {
  {"array", json_array}, {"decode", json_decode}, {"encode", json_encode}, {"object", json_object}, {NULL, NULL},
};

void lh_open_json(lua_State *L) {
  lua_createtable(L, 0, 1);
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &array_mark_key);

  // All light userdata share one metatable; scripts see json.null, json.absent and json.text only.
  lh_json_push_null(L);
  lua_createtable(L, 0, 2);
  lua_pushcfunction(L, null_to_text);
  lua_setfield(L, -2, "__tostring");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
  lua_pop(L, 1);

  luaL_newlib(L, functions);
  lh_json_push_null(L);
  lua_setfield(L, -2, "null");
  lh_json_push_absent(L);
  lua_setfield(L, -2, "absent");
  lua_pushlightuserdata(L, (void *)text_key);
  lua_setfield(L, -2, "text");
  lh_publish_library(L, "json");
}
