/// What the files of this target share about a host. Private.
#ifndef LUAHOST_HOST_H
#define LUAHOST_HOST_H

#include <lauxlib.h>
#include <lua.h>

#include "LuaHost.h"
#include "sandbox.h"

#define LH_PARAMETERS_MAX 6

/// A parameter's type, as the words of api.def.
typedef enum lh_parameter {
  LH_P_INT,
  LH_P_NUM,
  LH_P_BOOL,
  LH_P_TEXT,
  LH_P_ID,
  LH_P_VALUE,
  LH_P_VALUES,
  LH_P_PEER,
  LH_P_LOBBY,
  LH_P_TARGET,
  LH_P_PEERS,
  LH_P_FIELDS,
  LH_P_TEXTS,
  LH_P_OWNER,
} lh_parameter;

/// The parameters of one row, parsed once.
typedef struct lh_signature {
  uint8_t receiver; // lh_kind of the first argument, LH_NIL for a plain function
  uint8_t count;
  uint8_t required;
  uint8_t types[LH_PARAMETERS_MAX];
} lh_signature;

struct lh_host {
  lh_sandbox *sandbox;
  lua_State *L;
  lh_limits limits;
  lh_callbacks callbacks;
  /// Registry references: LUA_NOREF where the script has no such hook.
  int hooks[LH_HOOK_COUNT];
  int timers;
  int peers; // array: slot + 1 -> userdata
  int lobbies;
  int mount;
  int enter; // the closure that runs a hook call
  int metatables[LH_REQUEST + 1];
  /// Which hook call runs; views of older calls are refused.
  uint32_t epoch;
  bool in_hook;
  lh_setting *settings; // while loading
  size_t setting_count;
  lh_signature signatures[LH_OPERATION_COUNT];
  /// The call that Lua is making; one at a time, because Swift never calls back.
  lh_call call;
};

/// The payload of every userdata that a script can hold.
typedef struct lh_reference {
  uint32_t magic;
  uint32_t kind;
  uint32_t slot; // of a peer or lobby; the epoch of a message or request
  uint32_t generation;
} lh_reference;

#define LH_REFERENCE_MAGIC 0x4c6f6279u

static inline lh_host *lh_host_of(lua_State *L) { return lh_of(L)->context; }

/// The reference at an index, NULL for anything else. Userdata of other kinds that a script can get hold of are
/// at least this long and carry no such mark (see json_library.c).
static inline const lh_reference *lh_to_reference(lua_State *L, int index) {
  const lh_reference *reference = lua_touserdata(L, index);
  return reference != NULL && reference->magic == LH_REFERENCE_MAGIC ? reference : NULL;
}

// references.c
/// Upvalues of every C function that pushes values: the userdata of peers and lobbies by slot, and for attributes the
/// methods of their kind.
enum { LH_UPVALUE_PEERS = 1, LH_UPVALUE_LOBBIES, LH_UPVALUE_METHODS };

void lh_push_function(lua_State *L, lh_host *host, lua_CFunction function);
void lh_references_open(lua_State *L, lh_host *host);
void lh_push_value(lua_State *L, lh_host *host, const lh_value *value);
/// The word for what is at an index: Lua's type, or peer, lobby, mount, message, request.
const char *lh_type_name(lua_State *L, int index);

// api_call.c
void lh_api_parse(lh_host *host);
int lh_api_call(lua_State *L, uint32_t operation);
bool lh_read_plain(lua_State *L, int index, lh_value *out);
int lh_api_dispatch(lua_State *L, lh_host *host, uint32_t operation);

// api_table.c
/// The Lua function of each operation.
extern const lua_CFunction lh_api_functions[LH_OPERATION_COUNT];
void lh_api_open(lua_State *L, lh_host *host);

// settings.c
int lh_declare_settings(lua_State *L);
void lh_require_settings_used(lua_State *L, lh_host *host);

// host.c
lh_status lh_host_run(lh_host *host, lua_CFunction body, void *argument, uint64_t instructions,
                      uint64_t nanoseconds);

// load.c
/// Raises, naming the nearest, unless policy.timers has a function of the name at this index.
void lh_require_timer(lua_State *L, const lh_host *host, int name_index);

#endif
