#ifndef LH_BUDGET_H
#define LH_BUDGET_H

#include "sandbox.h"

/// One call into a script may use `instructions` steps and `nanoseconds` of wall time. A step is a VM instruction,
/// or what costs about as much in C: one matching step of a pattern, 8 bytes looked at, 64 bytes moved or allocated.
///
/// Small budgets are counted exactly from the first instruction on. Counting slows a call down by a tenth, so for the
/// others it begins when the watchdog finds that the call lasts (watchdog.h): some instructions come free then.
///
/// There are no coroutines in the sandbox: Lua's hooks belong to a thread, and the budget to this one.

/// Steps between two looks at the clock, when charged from C.
#define LH_SLICE 1024
/// Budgets below this are counted from the start: about what runs until the watchdog would notice. All are with the
/// thread sanitizer, which puts the watchdog's signal off until a call of the C library.
#if __has_feature(thread_sanitizer)
#define LH_COUNTED_MAX INT64_MAX
#else
#define LH_COUNTED_MAX 1000000
#endif
/// Instructions between two calls of the count hook while no large block is alive.
#define LH_HOOK_INTERVAL 128
/// Blocks from here on make one instruction costly (comparing strings, `next` over a hollow table): the more of
/// them are alive, the more often the hook looks at the clock.
#define LH_LARGE_BYTES ((size_t)256 << 10)
/// How much more time a call has where every line is noted.
#define LH_COVERAGE_FACTOR 20

/// Notes from now on which lines run in this state, beside counting.
void lh_budget_cover(lh_sandbox *sandbox, lh_coverage *coverage);

/// Nanoseconds since some fixed moment.
uint64_t lh_monotonic_now(void);

/// Begins a call. Reads no clock: time runs from the first look at it, at the latest when the watchdog notices.
void lh_budget_begin(lua_State *L, int64_t instructions, int64_t nanoseconds);
/// Ends it; after a memory or stack trip collects all garbage.
/// `lh_budget_tripped` keeps its answer until the next begin.
void lh_budget_end(lua_State *L);
/// What has tripped in this call (or the last one).
static inline lh_trip lh_budget_tripped(lua_State *L) { return lh_of(L)->trip; }

/// Marks the call as tripped and arms the hook for every instruction until the stack is unwound,
/// so that `<close>` handlers and message handlers die too. Does not raise.
void lh_budget_trip(lh_sandbox *sandbox, lh_trip trip);
/// Raises the trip of this call.
int lh_budget_raise(lua_State *L);
/// After a failed `lua_pcall`: when nobody may catch this, raises the error at the top again.
void lh_budget_rethrow(lua_State *L, int status);

/// The watchdog's word that a call lasts: counting begins. In a signal handler of the thread that the call runs on,
/// which is what lua_sethook allows.
void lh_budget_overdue(void *sandbox);
/// Makes the hook fire at the next instruction. Does not raise.
void lh_budget_arm(lh_sandbox *sandbox);
/// Charges without raising: for the allocator.
void lh_budget_take(lh_sandbox *sandbox, int64_t steps);
/// The uncommon end of `lh_charge`. Raises when exhausted.
void lh_budget_refill(lua_State *L, lh_sandbox *sandbox);

/// Charges `steps` (0 or more), raising when the budget is exhausted.
static inline void lh_charge(lua_State *L, int64_t steps) {
  lh_sandbox *sandbox = lh_of(L);
  sandbox->slice -= steps;
  if (sandbox->slice < 0) lh_budget_refill(L, sandbox);
}

/// Charges for looking at `bytes` bytes one by one.
static inline void lh_charge_scan(lua_State *L, size_t bytes) { lh_charge(L, 1 + (int64_t)(bytes >> 3)); }

#endif
