#define _POSIX_C_SOURCE 200809L
#include "budget.h"

#include "coverage.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

uint64_t lh_monotonic_now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void on_hook(lua_State *L, lua_Debug *record);

/// One hook for both: counting while an interval is set, and lines where they are to be known.
static void set_hook(lh_sandbox *sandbox) {
  int mask = sandbox->hook_interval > 0 ? LUA_MASKCOUNT : 0;
  if (sandbox->coverage != NULL) mask |= LUA_MASKLINE;
  lua_sethook(sandbox->L, on_hook, mask, sandbox->hook_interval);
}

/// 0 switches counting off.
static void set_interval(lh_sandbox *sandbox, int interval) {
  if (sandbox->hook_interval == interval) return;
  sandbox->hook_interval = interval;
  set_hook(sandbox);
}

void lh_budget_cover(lh_sandbox *sandbox, lh_coverage *coverage) {
  sandbox->coverage = coverage;
  set_hook(sandbox);
}

/// 128 instructions, fewer in proportion to the large blocks alive: with 32 MiB of them every instruction.
static int interval_for(const lh_sandbox *sandbox) {
  size_t divisor = 1 + sandbox->large_bytes / LH_LARGE_BYTES;
  return divisor >= LH_HOOK_INTERVAL ? 1 : (int)(LH_HOOK_INTERVAL / divisor);
}

void lh_budget_arm(lh_sandbox *sandbox) {
  if (sandbox->L != NULL && sandbox->active) set_interval(sandbox, 1);
}

void lh_budget_overdue(void *argument) {
  lh_sandbox *sandbox = argument;
  if (sandbox->active && sandbox->hook_interval == 0) set_interval(sandbox, interval_for(sandbox));
}

void lh_budget_begin(lua_State *L, int64_t instructions, int64_t nanoseconds) {
  lh_sandbox *sandbox = lh_of(L);
  sandbox->instructions = instructions;
  sandbox->slice = instructions < LH_SLICE ? instructions : LH_SLICE;
  sandbox->steps = instructions - sandbox->slice;
  sandbox->nanoseconds = nanoseconds;
  if (sandbox->coverage != NULL && nanoseconds < INT64_MAX / LH_COVERAGE_FACTOR)
    sandbox->nanoseconds = nanoseconds * LH_COVERAGE_FACTOR;
  sandbox->deadline = 0;
  sandbox->active = true;
  sandbox->trip = LH_TRIP_NONE;
  sandbox->denied = false;
  if (instructions < LH_COUNTED_MAX || sandbox->large_bytes > 0 || !sandbox->is_watched)
    set_interval(sandbox, interval_for(sandbox));
  if (sandbox->is_watched) lh_watchdog_begin(&sandbox->watch, sandbox);
}

void lh_budget_end(lua_State *L) {
  lh_sandbox *sandbox = lh_of(L);
  if (sandbox->is_watched) lh_watchdog_end(&sandbox->watch);
  sandbox->active = false;
  sandbox->slice = INT64_MAX / 2;
  if (sandbox->hook_interval != 0) {
    sandbox->has_lasted = true;
    set_interval(sandbox, 0);
  }
  if (sandbox->trip == LH_TRIP_NONE) return;
  if (sandbox->trip == LH_TRIP_MEMORY || sandbox->trip == LH_TRIP_STACK) lua_gc(L, LUA_GCCOLLECT);
}

/// Where the script is, as "file:line: ", into `text`. Allocates nothing.
static size_t describe_place(lua_State *L, char *text, size_t size) {
  lua_Debug record;
  for (int level = 0; level < 8 && lua_getstack(L, level, &record); level++) {
    lua_getinfo(L, "Sl", &record);
    if (record.currentline <= 0) continue;
    int length = snprintf(text, size, "%s:%d: ", record.short_src, record.currentline);
    return length < 0 ? 0 : (size_t)length;
  }
  return 0;
}

void lh_budget_trip(lh_sandbox *sandbox, lh_trip trip) {
  if (!sandbox->active || sandbox->trip != LH_TRIP_NONE) return;
  sandbox->trip = trip;
  lh_budget_arm(sandbox);
  char *text = sandbox->trip_text;
  size_t size = sizeof sandbox->trip_text;
  size_t used = describe_place(sandbox->L, text, size);
  if (used >= size) used = 0;
  text += used;
  size -= used;
  switch (trip) {
    case LH_TRIP_INSTRUCTIONS:
      snprintf(text, size, "instruction budget exhausted (%" PRId64 " instructions)", sandbox->instructions);
      break;
    case LH_TRIP_TIME:
      snprintf(text, size, "time budget exhausted (%" PRId64 " microseconds)", sandbox->nanoseconds / 1000);
      break;
    case LH_TRIP_MEMORY:
      snprintf(text, size, "out of memory (the cap is %zu KiB)", sandbox->bytes_max >> 10);
      break;
    case LH_TRIP_STACK:
      snprintf(text, size, "stack overflow (too many nested calls or values)");
      break;
    case LH_TRIP_REFUSED: snprintf(text, size, "refused by a plugin"); break;
    case LH_TRIP_ELSEWHERE: snprintf(text, size, "the lobby is another version's"); break;
    case LH_TRIP_NONE: break;
  }
}

int lh_budget_raise(lua_State *L) {
  lua_pushstring(L, lh_of(L)->trip_text);
  return lua_error(L);
}

void lh_budget_rethrow(lua_State *L, int status) {
  lh_sandbox *sandbox = lh_of(L);
  if (status == LUA_ERRMEM) lh_budget_trip(sandbox, LH_TRIP_MEMORY);
  // LUA_ERRMEM stays one: lua_error recognises the state's own out-of-memory message.
  if (status == LUA_ERRMEM || sandbox->trip != LH_TRIP_NONE) lua_error(L);
}

static void check_clock(lh_sandbox *sandbox) {
  uint64_t now = lh_monotonic_now();
  if (sandbox->deadline == 0) {
    sandbox->deadline = now + (uint64_t)sandbox->nanoseconds;
  } else if (now > sandbox->deadline) {
    lh_budget_trip(sandbox, LH_TRIP_TIME);
  }
}

/// Takes the next slice when this one is used up. The overdraft counts.
static void settle(lh_sandbox *sandbox) {
  if (sandbox->slice >= 0) return;
  if (!sandbox->active) {
    sandbox->slice = INT64_MAX / 2;
    return;
  }
  sandbox->steps += sandbox->slice;
  sandbox->slice = 0;
  if (sandbox->steps < 0) {
    sandbox->steps = 0;
    lh_budget_trip(sandbox, LH_TRIP_INSTRUCTIONS);
    return;
  }
  sandbox->slice = sandbox->steps < LH_SLICE ? sandbox->steps : LH_SLICE;
  sandbox->steps -= sandbox->slice;
  check_clock(sandbox);
}

void lh_budget_take(lh_sandbox *sandbox, int64_t steps) {
  sandbox->slice -= steps;
  settle(sandbox);
}

void lh_budget_refill(lua_State *L, lh_sandbox *sandbox) {
  settle(sandbox);
  if (sandbox->trip != LH_TRIP_NONE && sandbox->active) lh_budget_raise(L);
}

static void on_hook(lua_State *L, lua_Debug *record) {
  lh_sandbox *sandbox = lh_of(L);
  if (record->event == LUA_HOOKLINE) return lh_coverage_note(sandbox->coverage, L, record);
  if (!sandbox->active) return set_interval(sandbox, 0);
  if (sandbox->trip == LH_TRIP_NONE) {
    if (sandbox->denied) lh_budget_trip(sandbox, LH_TRIP_MEMORY);
    lh_budget_take(sandbox, sandbox->hook_interval);
    check_clock(sandbox);
  }
  if (sandbox->trip != LH_TRIP_NONE) lh_budget_raise(L);
  set_interval(sandbox, interval_for(sandbox));
}
