/// A host: one sandboxed state with one policy in it, and the protected calls into it.
#include "host.h"

#include <stdlib.h>

#include "budget.h"

typedef struct invocation {
  int function; // registry reference, LUA_NOREF for a timer
  const uint8_t *timer;
  size_t timer_count;
  const lh_value *arguments;
  size_t count;
  bool absent; // answer: there is no such timer
} invocation;

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

static lh_status status_of(lh_host *host) {
  switch (lh_budget_tripped(host->L)) {
    case LH_TRIP_INSTRUCTIONS: return LH_OUT_OF_INSTRUCTIONS;
    case LH_TRIP_TIME: return LH_OUT_OF_TIME;
    case LH_TRIP_MEMORY: return LH_OUT_OF_MEMORY;
    default: return LH_FAILED;
  }
}

/// A limit of zero is none.
static int64_t bounded(uint64_t limit) {
  const int64_t none = INT64_MAX / 4;
  return limit == 0 || limit > (uint64_t)none ? none : (int64_t)limit;
}

/// Runs the function at the top of the stack, protected and under a budget.
static lh_status run_top(lh_host *host, void *argument, uint64_t instructions, uint64_t nanoseconds) {
  lh_budget_begin(host->L, bounded(instructions), bounded(nanoseconds));
  int result = lh_protect_top(host->sandbox, argument);
  lh_budget_end(host->L);
  return result == LUA_OK ? LH_DONE : status_of(host);
}

lh_status lh_host_run(lh_host *host, lua_CFunction body, void *argument, uint64_t instructions,
                      uint64_t nanoseconds) {
  lua_pushcfunction(host->L, body);
  return run_top(host, argument, instructions, nanoseconds);
}

static lh_status invoke(lh_host *host, invocation *call) {
  host->epoch++;
  host->in_hook = true;
  lua_rawgeti(host->L, LUA_REGISTRYINDEX, host->enter);
  lh_status status = run_top(host, call, host->limits.hook_instructions, host->limits.hook_nanoseconds);
  host->in_hook = false;
  return status == LH_DONE && call->absent ? LH_ABSENT_HOOK : status;
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

bool lh_host_take_lasted(lh_host *host) {
  bool lasted = host->sandbox->has_lasted;
  host->sandbox->has_lasted = false;
  return lasted;
}

const char *lh_host_error(const lh_host *host) { return lh_sandbox_failure(host->sandbox); }

size_t lh_host_memory(const lh_host *host) { return lh_sandbox_bytes(host->sandbox); }

lh_sandbox *lh_host_sandbox(lh_host *host) { return host->sandbox; }

static int open_api(lua_State *L) {
  lh_host *host = lua_touserdata(L, 1);
  lh_references_open(L, host);
  lh_api_open(L, host);
  lh_push_function(L, host, enter);
  host->enter = luaL_ref(L, LUA_REGISTRYINDEX);
  return 0;
}

static bool resolve(void *context, const char *name, size_t length, lh_source *source) {
  lh_host *host = context;
  return host->callbacks.resolve(host->callbacks.context, name, length, source);
}

static void log_line(void *context, const char *line, size_t length) {
  lh_host *host = context;
  host->callbacks.log(host->callbacks.context, line, length);
}

lh_host *lh_host_open(const lh_limits *limits, const lh_callbacks *callbacks) {
  lh_host *host = calloc(1, sizeof *host);
  if (host == NULL) return NULL;
  host->limits = *limits;
  host->callbacks = *callbacks;
  host->timers = LUA_NOREF;
  for (int hook = 0; hook < LH_HOOK_COUNT; hook++) host->hooks[hook] = LUA_NOREF;
  lh_api_parse(host);
  lh_options options = {.memory_bytes_max = limits->memory_bytes, .context = host, .log = log_line,
                        .resolve = resolve, .seed = {callbacks->seed[0], callbacks->seed[1]}};
  host->sandbox = lh_sandbox_open(&options);
  if (host->sandbox == NULL) {
    free(host);
    return NULL;
  }
  host->L = host->sandbox->L;
  if (lh_host_run(host, open_api, host, host->limits.load_instructions, host->limits.load_nanoseconds) == LH_DONE)
    return host;
  lh_host_close(host);
  return NULL;
}

size_t lh_host_close(lh_host *host) {
  size_t leaked = lh_sandbox_close(host->sandbox);
  free(host);
  return leaked;
}
