/// What there is under a global name, for whoever checks scripts without running them.
#include "host.h"

typedef struct listing {
  void *context;
  lh_name visit;
} listing;

/// Names the members of the library `name`, whose table only the registry holds: the global is a view of it.
static void list_members(lua_State *L, const listing *listing, const char *name) {
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  if (lua_getfield(L, -1, name) == LUA_TTABLE) {
    lua_pushnil(L);
    for (; lua_next(L, -2); lua_pop(L, 1))
      if (lua_type(L, -2) == LUA_TSTRING) listing->visit(listing->context, name, lua_tostring(L, -2));
  }
  lua_pop(L, 2);
}

/// Runs protected; the argument is a listing.
static int list(lua_State *L) {
  const listing *listing = lua_touserdata(L, 1);
  lh_push_globals(L);
  lua_pushnil(L);
  for (; lua_next(L, -2); lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING) continue;
    const char *name = lua_tostring(L, -2);
    listing->visit(listing->context, NULL, name);
    if (lua_istable(L, -1)) list_members(L, listing, name);
  }
  return 0;
}

void lh_host_list(lh_host *host, void *context, lh_name visit) {
  listing listing = {context, visit};
  lh_host_run(host, list, &listing, 0, 0);
}
