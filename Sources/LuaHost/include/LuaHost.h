/// The boundary between the relay and Lua. Everything that touches a lua_State lives behind it, and so
/// does everything that raises: a Lua error is a longjmp and must never cross a Swift frame.
///
/// Swift calls in through `lh_host_*`; every such call is protected and answers with a status. Lua calls
/// out through one function, `lh_dispatch`, whose implementation takes and returns plain values and never
/// calls back into Lua. If it refuses, C raises the error after that frame is gone.
#ifndef LUAHOST_H
#define LUAHOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "LuaSandbox.h"

typedef struct lh_host lh_host;

/// What a value is. Peers, lobbies, messages and requests cross as references, never as contents.
typedef enum lh_kind {
  LH_NIL = 0,
  LH_BOOL,
  LH_INTEGER,
  LH_NUMBER,
  LH_TEXT,
  LH_JSON, // bytes of a JSON text: a table that a script wants inside a message
  LH_ABSENT, // json.absent: take this field out
  LH_TEXT_OR_EMPTY, // json.text: leave this field if it is a string, else make it ""
  LH_PEER,
  LH_LOBBY,
  LH_MOUNT,
  LH_MESSAGE,
  LH_REQUEST,
} lh_kind;

/// One value on its way over the boundary. `bytes` is borrowed for the length of the call.
typedef struct lh_value {
  uint32_t kind; // lh_kind
  uint32_t slot; // LH_PEER, LH_LOBBY
  uint32_t generation; // LH_PEER, LH_LOBBY
  uint32_t reserved;
  int64_t integer; // LH_INTEGER, LH_BOOL (0 or 1)
  double number; // LH_NUMBER
  const uint8_t *bytes; // LH_TEXT, LH_JSON
  size_t count;
} lh_value;

/// A key with its value: the fields that a forwarded message gets.
typedef struct lh_field {
  const uint8_t *key;
  size_t key_count;
  lh_value value;
} lh_field;

#define LH_ARGUMENTS_MAX 16
#define LH_FIELDS_MAX 16
#define LH_RESULTS_MAX 8
#define LH_ERROR_BYTES 256
/// Scripts that share a state: sixteen plugins and a policy.
#define LH_SCRIPTS_MAX 17
#define LH_SCRIPT_NAME_BYTES 64
/// A close reason (RFC 6455 §5.5) and its end.
#define LH_REFUSAL_BYTES 124

/// One call of the relay by a script.
typedef struct lh_call {
  uint32_t operation; // lh_operation
  uint32_t argument_count;
  uint32_t field_count;
  uint32_t result_count;
  bool is_by_plugin; // a plugin's call, not the policy's
  bool is_elsewhere; // answer of a refused call: the event ends here, for another version of the scripts to run it
  bool results_are_list; // `list` holds them, as one Lua array
  const lh_value *list;
  size_t list_count;
  lh_value results[LH_RESULTS_MAX];
  lh_value arguments[LH_ARGUMENTS_MAX]; // the receiver is the first
  lh_field fields[LH_FIELDS_MAX];
  char error[LH_ERROR_BYTES]; // why it was refused, NUL-terminated
} lh_call;

/// Swift's side. Answers false, with `error` filled, to have C raise. Must not call Lua.
typedef bool (*lh_dispatch)(void *context, lh_call *call);

/// Finds what `require(name)` wants; the answer stays valid until the next call.
typedef bool (*lh_resolve)(void *context, const char *name, size_t length, lh_source *source);

/// Takes one line of `print`.
typedef void (*lh_log)(void *context, const char *line, size_t length);

/// What a host calls while Lua runs. Nothing of it may call Lua.
typedef struct lh_callbacks {
  void *context;
  lh_dispatch dispatch;
  lh_resolve resolve;
  lh_log log;
  /// Seeds `math.random`.
  uint64_t seed[2];
  /// Where to note the lines that run; NULL for nowhere. It outlives the host.
  lh_coverage *coverage;
} lh_callbacks;

/// What a script may use. Zero means no limit.
typedef struct lh_limits {
  size_t memory_bytes; // of the whole state
  uint64_t hook_instructions; // one hook call
  uint64_t hook_nanoseconds;
  uint64_t load_instructions; // loading a script
  uint64_t load_nanoseconds;
} lh_limits;

typedef enum lh_status {
  LH_DONE = 0,
  LH_ABSENT_HOOK, // the script has no such hook
  LH_FAILED, // the script raised an error
  LH_OUT_OF_INSTRUCTIONS,
  LH_OUT_OF_TIME,
  LH_OUT_OF_MEMORY,
  LH_REFUSED, // a plugin does not let a peer into a lobby; see lh_host_refusal
  LH_ELSEWHERE, // the event is about a lobby of another version of the scripts
} lh_status;

/// The hooks, in the order of `lh_hook_names`. Those from LH_ON_JOIN on are for plugins.
typedef enum lh_hook {
  LH_ON_UPGRADE = 0,
  LH_ON_CONNECT,
  LH_ON_MESSAGE,
  LH_ON_DISCONNECT,
  LH_ON_REQUEST,
  LH_ON_RELOAD,
  LH_ON_JOIN,
  LH_ON_CREATE,
  LH_ON_FIND,
  LH_HOOK_COUNT,
} lh_hook;

extern const char *const lh_hook_names[LH_HOOK_COUNT];

static inline const char *lh_hook_name(lh_hook hook) { return lh_hook_names[hook]; }

/// A setting given from outside (`--set`). A script declares its settings with defaults; the value given
/// must be of the default's type. A list is given as words with spaces in between; a plugin's setting as PLUGIN.NAME.
typedef struct lh_setting {
  const char *name;
  const char *value;
  bool used; // set once the script has declared it
} lh_setting;

/// Opens a sandboxed state. NULL when memory for it could not be had.
lh_host *lh_host_open(const lh_limits *limits, const lh_callbacks *callbacks);
/// Frees everything; answers the bytes that stayed accounted for, 0 unless there is a leak.
size_t lh_host_close(lh_host *host);

/// A script's text, never bytecode.
typedef struct lh_chunk {
  const char *plugin; // its name, or NULL for the policy
  const uint8_t *source;
  size_t count;
  const char *chunk_name;
} lh_chunk;

/// Loads the plugins in their order and the policy, which is the last. `settings` must outlive the call.
lh_status lh_host_load(lh_host *host, const lh_chunk *chunks, size_t chunk_count, lh_setting *settings,
                       size_t setting_count);

#define LH_TEST_MESSAGE_BYTES 4096

/// A file of unit tests: a script that returns a table of functions.
typedef struct lh_test {
  lh_chunk chunk;
  /// A script that is called with `ask` and answers what each test is handed.
  lh_chunk helper;
  /// The test to run, NUL-terminated; NULL to be told only which there are.
  const char *name;
  void *context;
  /// Takes the name of a test and the line where it begins, in no order.
  void (*found)(void *context, const char *name, size_t length, int line);
  /// Takes the plain values that the helper asks with. May use other hosts, never this one.
  lh_dispatch ask;
  /// The line of the file where it failed; 0 if that is nowhere in it, and then `message` begins with a place.
  int line;
  /// NUL-terminated.
  char message[LH_TEST_MESSAGE_BYTES];
} lh_test;

/// Runs one test in a host that has loaded nothing and will be closed after this. The budget is that of loading.
bool lh_host_test(lh_host *host, lh_test *test);

/// Has the next hook call timed.
void lh_host_time(lh_host *host);

/// How long a script, by its position, has run in the last call that was timed, in nanoseconds; 0 if it has not. What
/// plugins do when the script adds a member, or creates or looks for a lobby, is part of it.
uint64_t lh_host_elapsed(const lh_host *host, size_t script);

/// The script that ran or loaded last, by its position.
size_t lh_host_running(const lh_host *host);

/// How many scripts have this hook.
size_t lh_host_chain(const lh_host *host, lh_hook hook);

/// Which script a link belongs to, by its position.
size_t lh_host_link_script(const lh_host *host, lh_hook hook, size_t link);

/// Runs a hook under its budget: in one script after the other, until one answers true.
lh_status lh_host_call(lh_host *host, lh_hook hook, const lh_value *arguments, size_t count);

/// Runs a hook in one script of its chain alone. `verdict` tells whether that has dealt with the event.
lh_status lh_host_call_link(lh_host *host, lh_hook hook, size_t link, const lh_value *arguments, size_t count,
                            bool *verdict);

/// After LH_REFUSED: why, NUL-terminated, and who.
const char *lh_host_refusal(const lh_host *host, lh_value *peer);

/// Runs `timers.NAME` of the script that the name belongs to, under a hook's budget.
lh_status lh_host_call_timer(lh_host *host, const uint8_t *name, size_t name_count, const lh_value *arguments,
                             size_t count);

/// Whether a call has lasted some milliseconds since this was last asked, so that a look at the clock is due.
bool lh_host_take_lasted(lh_host *host);

/// The error of the last call that was not LH_DONE, with traceback; NUL-terminated, bounded.
const char *lh_host_error(const lh_host *host);

/// Memory that the state uses, in bytes.
size_t lh_host_memory(const lh_host *host);

/// Takes a name that scripts can use: a global (`library` is NULL), or a member of one. Must not call Lua.
typedef void (*lh_name)(void *context, const char *library, const char *name);

/// Tells every global and every member of a library.
void lh_host_list(lh_host *host, void *context, lh_name visit);

/// The sandbox inside, for tests: allocation counts and failures.
lh_sandbox *lh_host_sandbox(lh_host *host);

// MARK: The Lua API, one table

/// Every operation that a script can ask of the relay, from `api.def`.
typedef enum lh_operation {
#define LH_API(operation, receiver, name, parameters, results, summary) LH_OP_##operation,
#include "api.def"
#undef LH_API
  LH_OPERATION_COUNT,
  // Behind the syntax of attributes, not in the table.
  LH_OP_GET_ATTRIBUTE = LH_OPERATION_COUNT,
  LH_OP_SET_ATTRIBUTE,
} lh_operation;

/// A row of the table. Registration, editor types, lint configuration and reference pages come from it.
typedef struct lh_api_row {
  const char *receiver; // "peer", "lobby", … for methods; "random", "crypto", … for functions of a table
  const char *name;
  const char *parameters; // see api.def
  const char *results;
  const char *summary;
} lh_api_row;

extern const lh_api_row lh_api_rows[LH_OPERATION_COUNT];

#endif
