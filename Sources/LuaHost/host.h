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

/// One of the scripts that share a state: the plugins in their order, the policy last.
typedef struct lh_script {
  /// Of a plugin; empty for the policy. The prefix of its settings and timers.
  char name[LH_SCRIPT_NAME_BYTES];
  int timers; // registry reference, LUA_NOREF when it has none
} lh_script;

/// What one script does on a hook.
typedef struct lh_link {
  int function; // registry reference
  int script;
} lh_link;

/// What every script does on one hook, in the order of the scripts.
typedef struct lh_chain {
  lh_link links[LH_SCRIPTS_MAX];
  int count;
} lh_chain;

struct lh_host {
  lh_sandbox *sandbox;
  lua_State *L;
  lh_limits limits;
  lh_callbacks callbacks;
  lh_script scripts[LH_SCRIPTS_MAX];
  int script_count;
  /// The script that runs or loads.
  int running;
  lh_chain chains[LH_HOOK_COUNT];
  /// The peer whose event runs; LH_NIL for others.
  lh_value event_peer;
  /// Who was admitted last in this hook call, so that nobody is asked twice.
  uint32_t admitted_epoch;
  lh_value admitted_peer, admitted_lobby;
  /// Who is refused, and why, after LH_REFUSED.
  lh_value refused_peer;
  char refusal[LH_REFUSAL_BYTES];
  int peers; // array: slot + 1 -> userdata
  int lobbies;
  int mount;
  int enter; // the closure that runs a hook call
  int metatables[LH_REQUEST + 1];
  /// Which hook call runs; views of older calls are refused.
  uint32_t epoch;
  bool in_hook;
  /// The next hook call is timed: when its running script began, and what each has taken, both in nanoseconds.
  bool is_timed;
  uint64_t mark;
  uint64_t elapsed[LH_SCRIPTS_MAX];
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

static inline bool lh_is_policy(const lh_host *host, int script) { return host->scripts[script].name[0] == 0; }

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
lua_CFunction lh_api_function(int operation);
void lh_api_open(lua_State *L, lh_host *host);

// settings.c
int lh_declare_settings(lua_State *L);
void lh_require_settings_used(lua_State *L, lh_host *host);

// host.c
lh_status lh_host_run(lh_host *host, lua_CFunction body, void *argument, uint64_t instructions,
                      uint64_t nanoseconds);

// load.c
/// Raises unless a timer may have the name at this index. Other names are the relay's own and those of plugins' timers.
void lh_require_timer_name(lua_State *L, int index);
/// Raises, naming the nearest, unless the running script's timers have a function of the name at this index.
void lh_require_timer(lua_State *L, const lh_host *host, int name_index);

// explain.c
/// Says which method was meant where one was called that there is not.
void lh_explain(lua_State *L);

// chain.c
/// Pushes what the running script's timer, whose name is at this index, is called in the relay.
void lh_qualify(lua_State *L, const lh_host *host, int name_index);
/// The operations on which plugins are asked first.
int lh_add_member(lua_State *L);
int lh_admits(lua_State *L);
int lh_create_lobby(lua_State *L);
int lh_find_lobby(lua_State *L);

#endif
