#ifndef LUASANDBOX_H
#define LUASANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "LuaCoverage.h"

/// One Lua 5.4 state in which policy scripts run: capped memory, budgeted calls, allow-listed globals.
/// Not thread-safe: one thread at a time. Nothing declared here ever raises or unwinds through its caller.
typedef struct lh_sandbox lh_sandbox;

/// What ended a call before its time. No `pcall` in a script can swallow any of these.
typedef enum lh_trip {
  LH_TRIP_NONE = 0,
  LH_TRIP_INSTRUCTIONS,
  LH_TRIP_TIME,
  LH_TRIP_MEMORY,
  LH_TRIP_STACK,
  /// Not a budget: the event is refused as a whole.
  LH_TRIP_REFUSED,
  /// Nor this: another version of the scripts has to run the event.
  LH_TRIP_ELSEWHERE,
} lh_trip;

/// How a run ended.
typedef enum lh_outcome {
  LH_OK = 0,
  /// The chunk does not compile.
  LH_SYNTAX_ERROR,
  /// The script raised an error.
  LH_RAISED,
  /// A budget was exhausted; `lh_sandbox_trip` tells which.
  LH_TRIPPED,
} lh_outcome;

/// The source of a required module, lent until `lh_options.release` is called.
typedef struct lh_source {
  const char *bytes;
  size_t length;
  /// Shown in messages and tracebacks, NUL-terminated: the file's path.
  const char *chunk_name;
  /// Why there is no such module, NUL-terminated; read only when the resolver answers false.
  const char *problem;
} lh_source;

typedef struct lh_options {
  /// Cap on what the state may hold. 0: 32 MiB.
  size_t memory_bytes_max;
  /// Seeds `math.random`; from the host's random source.
  uint64_t seed[2];
  /// Handed to every callback.
  void *context;
  /// Takes one line of `print`. Without it lines are kept for `lh_sandbox_printed`.
  void (*log)(void *context, const char *line, size_t length);
  /// Finds the module that `require(name)` asks for. Without it `require` finds nothing.
  /// Its answer stays valid until `release`, which is called once after every call of `resolve`.
  bool (*resolve)(void *context, const char *name, size_t length, lh_source *source);
  void (*release)(void *context);
  /// Where to note the lines that run; NULL for nowhere. It outlives the sandbox.
  lh_coverage *coverage;
  /// For tests: refuse this allocation, counted from 1, and all after it. 0: none.
  uint64_t fail_from;
} lh_options;

/// A sandbox with its libraries in place, or NULL when out of memory.
lh_sandbox *lh_sandbox_open(const lh_options *options);
/// Frees everything; answers the bytes that stayed accounted for, which is 0 unless there is a leak.
size_t lh_sandbox_close(lh_sandbox *sandbox);

/// Bytes that the state holds now, garbage included.
size_t lh_sandbox_bytes(const lh_sandbox *sandbox);
/// Collects all garbage.
void lh_sandbox_collect(lh_sandbox *sandbox);
/// Requests for more memory so far.
uint64_t lh_sandbox_allocations(const lh_sandbox *sandbox);
/// For tests: refuse the allocation with this number (see `lh_sandbox_allocations`) and all after it. 0: none.
void lh_sandbox_fail_from(lh_sandbox *sandbox, uint64_t allocation);

/// Compiles and runs one text chunk under a budget of its own.
lh_outcome lh_sandbox_run(
  lh_sandbox *sandbox, const char *chunk_name, const char *source, size_t length, int64_t instructions,
  int64_t nanoseconds);
/// What tripped in the last budgeted call.
lh_trip lh_sandbox_trip(const lh_sandbox *sandbox);
/// The last failure with its traceback, NUL-terminated; empty after a success.
const char *lh_sandbox_failure(const lh_sandbox *sandbox);
/// What `print` wrote in the last run, lines ended by LF, NUL-terminated. At most 4 MiB are kept.
const char *lh_sandbox_printed(const lh_sandbox *sandbox);

/// Nanoseconds that `rounds` pairs of beginning and ending a budget take, for the benchmark gate.
uint64_t lh_sandbox_time_budget(lh_sandbox *sandbox, uint64_t rounds);

#endif
