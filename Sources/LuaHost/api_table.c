/// The API table as data, and its registration in a new state.
#include "host.h"

#include <string.h>

const lh_api_row lh_api_rows[LH_OPERATION_COUNT] = {
#define LH_API(operation, receiver, name, parameters, results, summary) {receiver, name, parameters, results, summary},
#include "api.def"
#undef LH_API
};

#define LH_API(operation, receiver, name, parameters, results, summary) \
  static int call_##operation(lua_State *L) { return lh_api_call(L, LH_OP_##operation); }
#include "api.def"
#undef LH_API

static const lua_CFunction functions[LH_OPERATION_COUNT] = {
#define LH_API(operation, receiver, name, parameters, results, summary) call_##operation,
#include "api.def"
#undef LH_API
};

/// The function behind an operation: plugins are asked about some before the relay is.
lua_CFunction lh_api_function(int operation) {
  switch (operation) {
    case LH_OP_LOBBY_ADD: return lh_add_member;
    case LH_OP_LOBBY_ADMITS: return lh_admits;
    case LH_OP_MOUNT_CREATE_LOBBY: return lh_create_lobby;
    case LH_OP_MOUNT_FIND_LOBBY: return lh_find_lobby;
    default: return functions[operation];
  }
}

static const char *const tables[] = {"relay", "random", "crypto"};

static void open_table(lua_State *L, lh_host *host, const char *table) {
  lua_newtable(L);
  for (int operation = 0; operation < LH_OPERATION_COUNT; operation++) {
    if (strcmp(lh_api_rows[operation].receiver, table) != 0) continue;
    lh_push_function(L, host, lh_api_function(operation));
    lua_setfield(L, -2, lh_api_rows[operation].name);
  }
  if (strcmp(table, "relay") == 0) {
    lua_pushcfunction(L, lh_declare_settings);
    lua_setfield(L, -2, "settings");
  }
  lh_publish_library(L, table);
}

void lh_api_open(lua_State *L, lh_host *host) {
  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) open_table(L, host, tables[i]);
  lua_rawgeti(L, LUA_REGISTRYINDEX, host->mount);
  lh_set_global(L, "mount");
}
