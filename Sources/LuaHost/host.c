/// A host: one sandboxed state with one policy in it, and the protected calls into it.
#include "host.h"

#include <stdlib.h>
#include <string.h>

/// Stack slots that every host keeps filled, so that a protected call can begin without an allocation.
enum { STACK_TRACEBACK = 1, STACK_ENTER, STACK_BASE = STACK_ENTER };

typedef struct invocation {
  int function; // registry reference, LUA_NOREF for a timer
  const uint8_t *timer;
  size_t timer_count;
  const lh_value *arguments;
  size_t count;
  bool absent; // answer: there is no such timer
} invocation;

lh_host *lh_host_of(lua_State *L) { return lh_sandbox_owner(L); }

static int add_traceback(lua_State *L) {
  const char *message = lua_tostring(L, 1);
  if (message == NULL) message = luaL_tolstring(L, 1, NULL);
  luaL_traceback(L, L, message, 1);
  return 1;
}

/// Runs protected: everything of a hook call that may allocate or raise.
static int enter(lua_State *L) {
  invocation *call = lua_touserdata(L, 1);
  lh_host *host = lh_host_of(L);
  if (call->timer == NULL) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, call->function);
  } else {
    lua_rawgeti(L, LUA_REGISTRYINDEX, host->timers);
    lua_pushlstring(L, (const char *)call->timer, call->timer_count);
    if (!lua_istable(L, -2) || lua_rawget(L, -2) != LUA_TFUNCTION) {
      call->absent = true;
      return 0;
    }
  }
  luaL_checkstack(L, (int)call->count, "too many arguments");
  for (size_t i = 0; i < call->count; i++) lh_push_value(L, host, &call->arguments[i]);
  lua_call(L, (int)call->count, 0);
  return 0;
}

static void keep_error(lh_host *host) {
  size_t count = 0;
  const char *text = lua_type(host->L, -1) == LUA_TSTRING ? lua_tolstring(host->L, -1, &count) : NULL;
  if (text == NULL) {
    text = "error without a message";
    count = strlen(text);
  }
  if (count >= sizeof host->error) count = sizeof host->error - 1;
  memcpy(host->error, text, count);
  host->error[count] = '\0';
}

static lh_status status_of(lh_host *host, int result) {
  switch (lh_budget_tripped(host->L)) {
    case LH_TRIP_INSTRUCTIONS: return LH_OUT_OF_INSTRUCTIONS;
    case LH_TRIP_TIME: return LH_OUT_OF_TIME;
    case LH_TRIP_MEMORY: return LH_OUT_OF_MEMORY;
    default: return result == LUA_ERRMEM ? LH_OUT_OF_MEMORY : LH_ERROR;
  }
}

/// Calls the C function on the stack slot above the arguments, protected and under a budget.
static lh_status protected_call(lh_host *host, int arguments, uint64_t instructions, uint64_t nanoseconds) {
  lua_State *L = host->L;
  lh_budget_begin(L, instructions, nanoseconds);
  int result = lua_pcall(L, arguments, 0, STACK_TRACEBACK);
  lh_budget_end(L);
  if (result == LUA_OK) return LH_OK;
  lh_status status = status_of(host, result);
  keep_error(host);
  lua_settop(L, STACK_BASE);
  if (status == LH_OUT_OF_MEMORY) lua_gc(L, LUA_GCCOLLECT);
  return status;
}

lh_status lh_host_run(lh_host *host, lua_CFunction body, void *argument, uint64_t instructions,
                      uint64_t nanoseconds) {
  lua_pushcfunction(host->L, body);
  lua_pushlightuserdata(host->L, argument);
  return protected_call(host, 1, instructions, nanoseconds);
}

static lh_status invoke(lh_host *host, invocation *call) {
  host->epoch++;
  host->in_hook = true;
  lua_pushvalue(host->L, STACK_ENTER);
  lua_pushlightuserdata(host->L, call);
  lh_status status = protected_call(host, 1, host->limits.hook_instructions, host->limits.hook_nanoseconds);
  host->in_hook = false;
  return status == LH_OK && call->absent ? LH_ABSENT_HOOK : status;
}

lh_status lh_host_call(lh_host *host, lh_hook hook, const lh_value *arguments, size_t count) {
  if (host->hooks[hook] == LUA_NOREF) return LH_ABSENT_HOOK;
  invocation call = {.function = host->hooks[hook], .arguments = arguments, .count = count};
  return invoke(host, &call);
}

lh_status lh_host_call_timer(lh_host *host, const uint8_t *name, size_t name_count, const lh_value *arguments,
                             size_t count) {
  if (host->timers == LUA_NOREF) return LH_ABSENT_HOOK;
  invocation call = {.function = LUA_NOREF, .timer = name, .timer_count = name_count,
                     .arguments = arguments, .count = count};
  return invoke(host, &call);
}

bool lh_host_has_hook(const lh_host *host, lh_hook hook) { return host->hooks[hook] != LUA_NOREF; }

const char *lh_host_error(const lh_host *host) { return host->error; }

size_t lh_host_memory(const lh_host *host) { return lh_sandbox_memory(host->sandbox); }

void lh_host_fail_allocations(lh_host *host, uint64_t countdown) {
  lh_sandbox_fail_allocations(host->sandbox, countdown);
}

static int open_api(lua_State *L) {
  lh_host *host = lua_touserdata(L, 1);
  lh_references_open(L, host);
  lh_api_open(L, host);
  return 0;
}

lh_host *lh_host_open(const lh_limits *limits, lh_dispatch dispatch, lh_resolve resolve, void *context) {
  lh_host *host = calloc(1, sizeof *host);
  if (host == NULL) return NULL;
  host->limits = *limits;
  host->dispatch = dispatch;
  host->resolve = resolve;
  host->context = context;
  host->timers = LUA_NOREF;
  for (int hook = 0; hook < LH_HOOK_COUNT; hook++) host->hooks[hook] = LUA_NOREF;
  lh_api_parse(host);
  host->sandbox = lh_sandbox_open(limits->memory_bytes, host);
  if (host->sandbox == NULL) {
    free(host);
    return NULL;
  }
  host->L = lh_sandbox_state(host->sandbox);
  lua_settop(host->L, 0);
  lua_pushcfunction(host->L, add_traceback);
  lua_pushcfunction(host->L, enter);
  if (lh_host_run(host, open_api, host, 0, 0) != LH_OK) {
    lh_host_close(host);
    return NULL;
  }
  return host;
}

void lh_host_close(lh_host *host) {
  lh_sandbox_close(host->sandbox);
  free(host);
}
