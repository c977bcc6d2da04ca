#include <string.h>

#include "budget.h"

/// Registry key of the modules loaded so far: name to value, or to `loading_mark` while its chunk runs.
static const char modules_key = 'm';
static const char loading_mark = 'r';

#define MODULE_NAME_BYTES_MAX 200
#define PROBLEM_BYTES_MAX 512

/// Asks the host for the source and compiles it. Nothing in between raises, so the host's bytes are always released.
/// Answers Lua's status; pushes the chunk or a message.
static int compile_module(lua_State *L, const char *name, size_t length) {
  lh_sandbox *sandbox = lh_of(L);
  lh_source source = {0};
  if (sandbox->resolve == NULL) {
    lua_pushliteral(L, "this script has no modules");
    return LUA_ERRRUN;
  }
  char problem[PROBLEM_BYTES_MAX] = "no such module";
  bool found = sandbox->resolve(sandbox->context, name, length, &source);
  int status = LUA_ERRRUN;
  int64_t cost = (int64_t)(source.length >> 3);
  if (found) {
    status = luaL_loadbufferx(L, source.bytes, source.length, source.chunk_name, "t");
  } else if (source.problem != NULL) {
    strncpy(problem, source.problem, sizeof problem - 1);
  }
  if (sandbox->release != NULL) sandbox->release(sandbox->context);
  lh_charge(L, cost);
  if (!found) lua_pushstring(L, problem);
  return status;
}

static int base_require(lua_State *L) {
  size_t length;
  const char *name = luaL_checklstring(L, 1, &length);
  luaL_argcheck(L, length > 0 && length <= MODULE_NAME_BYTES_MAX && strlen(name) == length, 1, "not a module's name");
  lua_settop(L, 1);
  luaL_checkstack(L, 8, "require");
  lua_rawgetp(L, LUA_REGISTRYINDEX, &modules_key);
  lua_pushvalue(L, 1);
  lua_rawget(L, 2);
  if (lua_touserdata(L, 3) == &loading_mark) return luaL_error(L, "module '%s' requires itself in a circle", name);
  if (!lua_isnil(L, 3)) return 1;
  lua_settop(L, 2);
  int status = compile_module(L, name, length);
  if (status == LUA_ERRMEM) return lua_error(L);
  if (status != LUA_OK) return luaL_error(L, "cannot load module '%s': %s", name, lua_tostring(L, -1));
  lua_pushvalue(L, 1);
  lua_pushlightuserdata(L, (void *)&loading_mark);
  lua_rawset(L, 2);
  lua_pushvalue(L, 1);
  status = lua_pcall(L, 1, 1, 0);
  if (status == LUA_OK && lua_isnil(L, -1)) {
    lua_pop(L, 1);
    lua_pushboolean(L, 1);
  }
  // A module that failed may be tried again, as after a syntax error.
  lua_pushvalue(L, 1);
  if (status == LUA_OK) lua_pushvalue(L, -2);
  else lua_pushnil(L);
  lua_rawset(L, 2);
  if (status != LUA_OK) return lua_error(L);
  return 1;
}

void lh_open_require(lua_State *L) {
  lua_newtable(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &modules_key);
  lua_pushcfunction(L, base_require);
  lh_set_global(L, "require");
}
