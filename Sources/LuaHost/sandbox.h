#ifndef LH_SANDBOX_H
#define LH_SANDBOX_H

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include "LuaSandbox.h"
#include "pool.h"
#include "watchdog.h"

/// Everything about one state that is not inside it. Reached from Lua by `lh_of(L)`.
struct lh_sandbox {
  lua_State *L;

  // The budget (budget.c). What is left is `slice + steps`; the clock is read when a slice is used up.
  int64_t slice;
  int64_t steps;
  int64_t nanoseconds;
  /// CLOCK_MONOTONIC; 0 until the clock was read for the first time in this call.
  uint64_t deadline;
  bool active;
  lh_trip trip;
  /// Instructions between two calls of the count hook, as told to Lua; 0 while it is off.
  int hook_interval;
  lh_watch watch;
  bool is_watched;
  /// NULL unless the lines that run are to be known.
  lh_coverage *coverage;
  /// A call since this was last cleared has lasted so long that it was counted.
  bool has_lasted;
  int64_t instructions;
  char trip_text[192];

  // Memory (memory.c).
  size_t bytes;
  size_t bytes_max;
  /// Bytes in live blocks of `LH_LARGE_BYTES` and more.
  size_t large_bytes;
  uint64_t allocations;
  uint64_t fail_from;
  /// The request refused last, while Lua collects garbage and tries once more.
  bool denied;
  void *denied_block;
  size_t denied_size;
  void *newest_block;
  size_t newest_size;
  void *stack_block;
  size_t stack_bytes;

  /// Small blocks that wait to be used again (pool.c).
  lh_pool pool;

  // The host.
  void *context;
  void (*log)(void *context, const char *line, size_t length);
  bool (*resolve)(void *context, const char *name, size_t length, lh_source *source);
  void (*release)(void *context);
  /// Rewrites the error text at 1 where the host knows more about it than Lua; NULL for none.
  void (*explain)(lua_State *L);

  // What the last call left behind, outside of Lua's memory.
  char *failure;
  char *printed;
  size_t printed_length;
  size_t printed_capacity;
};

/// The sandbox of a state.
static inline lh_sandbox *lh_of(lua_State *L) { return *(lh_sandbox **)lua_getextraspace(L); }

/// The accounting allocator of a sandbox (`ud`).
void *lh_allocate(void *ud, void *block, size_t old_size, size_t new_size);
/// Learns which block is Lua's stack, by making it grow. Raises.
void lh_watch_stack(lua_State *L);

/// Runs `body` with `argument` as its only value (a light userdata), protected, without results.
/// Pushes nothing that allocates. Answers Lua's status; other than LUA_OK leaves the text in `failure`.
/// The caller begins and ends the budget around it.
int lh_protect(lh_sandbox *sandbox, lua_CFunction body, void *argument);
/// The same for the function at the top of the stack, which it pops.
int lh_protect_top(lh_sandbox *sandbox, void *argument);
/// The message handler of `lh_protect`: any error value to text with a traceback. For `lua_pcall`'s msgh.
int lh_describe_error(lua_State *L);
/// Keeps a copy of a failure's text.
void lh_keep_failure(lh_sandbox *sandbox, const char *text, size_t length);
/// Hands one line to the host's log, or keeps it.
void lh_log_line(lh_sandbox *sandbox, const char *line, size_t length);

// Libraries. Each `lh_open_…` leaves nothing on the stack and raises on failure.

/// Creates the locked globals with everything that scripts may use.
void lh_open_globals(lua_State *L);
void lh_open_base(lua_State *L);
void lh_open_require(lua_State *L);
void lh_open_text(lua_State *L);
void lh_open_table(lua_State *L);
void lh_open_math(lua_State *L, const uint64_t seed[2]);
void lh_open_json(lua_State *L);

/// Pushes the key of the table at `table` that is closest to the name, or nil when none is `within` so many edits.
/// Answers the key.
const char *lh_nearest_key(lua_State *L, int table, const char *name, size_t length, size_t within);

/// Pushes the globals' table.
void lh_push_globals(lua_State *L);
/// Sets a global to the value at the top and pops it. Scripts can read it but not add to the globals.
void lh_set_global(lua_State *L, const char *name);
/// Replaces the table at the top by a read-only view of it, called `name` in messages.
void lh_make_readonly(lua_State *L, const char *name);
/// Registers the library table at the top for tracebacks, and a read-only view of it as a global. Pops it.
void lh_publish_library(lua_State *L, const char *name);
/// Raises when the value at `index` is a locked table; `name` for the message comes from the table.
void lh_refuse_locked(lua_State *L, int index);
/// Raises when a script has overwritten a built-in global. Call it after running a chunk.
void lh_check_globals(lua_State *L);
/// Compiles a text chunk, charging for its length. Answers Lua's status and pushes the function or the message.
int lh_compile(lua_State *L, const char *chunk_name, const char *source, size_t length);

#endif
