/// A host: one sandboxed state with one policy in it, and the protected calls into it.
#include "host.h"

#include <stdlib.h>
#include <string.h>

#include "budget.h"

typedef struct invocation {
  const lh_chain *chain; // NULL for a timer
  int first, end; // the links to run
  int script; // of the timer
  const uint8_t *timer;
  size_t timer_count;
  const lh_value *arguments;
  size_t count;
  bool verdict; // answer: a script has dealt with the event
  bool absent; // answer: there is no such timer
} invocation;

static void push_arguments(lua_State *L, lh_host *host, const invocation *call) {
  luaL_checkstack(L, 2 * (int)call->count + 2, "too many arguments");
  for (size_t i = 0; i < call->count; i++) lh_push_value(L, host, &call->arguments[i]);
}

static bool call_function(lua_State *L, const invocation *call) {
  lua_call(L, (int)call->count, 1);
  bool verdict = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return verdict;
}

/// Charges the running script with the time since the last mark, or since the call began.
static void take_time(lh_host *host) {
  uint64_t now = lh_monotonic_now();
  if (host->mark != 0) host->elapsed[host->running] += now - host->mark;
  host->mark = now;
}

/// The arguments are pushed once, so that every script gets the same message.
static void run_chain(lua_State *L, lh_host *host, invocation *call) {
  const lh_link *links = call->chain->links;
  if (call->end - call->first == 1) {
    host->running = links[call->first].script;
    lua_rawgeti(L, LUA_REGISTRYINDEX, links[call->first].function);
    push_arguments(L, host, call);
    call->verdict = call_function(L, call);
    return;
  }
  int base = lua_gettop(L) + 1;
  push_arguments(L, host, call);
  for (int link = call->first; link < call->end && !call->verdict; link++) {
    if (host->is_timed && link > call->first) take_time(host);
    host->running = links[link].script;
    lua_rawgeti(L, LUA_REGISTRYINDEX, links[link].function);
    for (size_t i = 0; i < call->count; i++) lua_pushvalue(L, base + (int)i);
    call->verdict = call_function(L, call);
  }
}

static void run_timer(lua_State *L, lh_host *host, invocation *call) {
  host->running = call->script;
  lua_rawgeti(L, LUA_REGISTRYINDEX, host->scripts[call->script].timers);
  lua_pushlstring(L, (const char *)call->timer, call->timer_count);
  if (!lua_istable(L, -2) || lua_rawget(L, -2) != LUA_TFUNCTION) {
    call->absent = true;
    return;
  }
  push_arguments(L, host, call);
  call_function(L, call);
}

/// Runs protected: everything of a hook call that may allocate or raise.
static int enter(lua_State *L) {
  invocation *call = lua_touserdata(L, 1);
  lh_host *host = lh_host_of(L);
  if (call->chain != NULL) run_chain(L, host, call);
  else run_timer(L, host, call);
  return 0;
}

static lh_status status_of(lh_host *host) {
  switch (lh_budget_tripped(host->L)) {
    case LH_TRIP_INSTRUCTIONS: return LH_OUT_OF_INSTRUCTIONS;
    case LH_TRIP_TIME: return LH_OUT_OF_TIME;
    case LH_TRIP_MEMORY: return LH_OUT_OF_MEMORY;
    case LH_TRIP_REFUSED: return LH_REFUSED;
    case LH_TRIP_ELSEWHERE: return LH_ELSEWHERE;
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
  static const lh_value nobody = {.kind = LH_NIL};
  host->epoch++;
  host->in_hook = true;
  host->event_peer = call->count > 0 && call->arguments[0].kind == LH_PEER ? call->arguments[0] : nobody;
  lua_rawgeti(host->L, LUA_REGISTRYINDEX, host->enter);
  if (host->is_timed) take_time(host);
  lh_status status = run_top(host, call, host->limits.hook_instructions, host->limits.hook_nanoseconds);
  if (host->is_timed) take_time(host);
  host->is_timed = false;
  host->in_hook = false;
  return status == LH_DONE && call->absent ? LH_ABSENT_HOOK : status;
}

void lh_host_time(lh_host *host) {
  host->is_timed = true;
  host->mark = 0;
  memset(host->elapsed, 0, sizeof host->elapsed);
}

uint64_t lh_host_elapsed(const lh_host *host, size_t script) { return host->elapsed[script]; }

size_t lh_host_running(const lh_host *host) { return (size_t)host->running; }

size_t lh_host_chain(const lh_host *host, lh_hook hook) { return (size_t)host->chains[hook].count; }

size_t lh_host_link_script(const lh_host *host, lh_hook hook, size_t link) {
  return (size_t)host->chains[hook].links[link].script;
}

lh_status lh_host_call(lh_host *host, lh_hook hook, const lh_value *arguments, size_t count) {
  const lh_chain *chain = &host->chains[hook];
  if (chain->count == 0) {
    host->is_timed = false;
    return LH_ABSENT_HOOK;
  }
  invocation call = {.chain = chain, .end = chain->count, .arguments = arguments, .count = count};
  return invoke(host, &call);
}

lh_status lh_host_call_link(lh_host *host, lh_hook hook, size_t link, const lh_value *arguments, size_t count,
                            bool *verdict) {
  invocation call = {.chain = &host->chains[hook], .first = (int)link, .end = (int)link + 1, .arguments = arguments,
                     .count = count};
  lh_status status = invoke(host, &call);
  *verdict = call.verdict;
  return status;
}

const char *lh_host_refusal(const lh_host *host, lh_value *peer) {
  *peer = host->refused_peer;
  return host->refusal;
}

/// Finds whose timer it is: `PLUGIN.NAME` is a plugin's, anything else the policy's. Answers the length of the prefix.
static size_t timer_owner(const lh_host *host, const uint8_t *name, size_t count, int *script) {
  for (int i = 0; i < host->script_count; i++) {
    size_t length = strlen(host->scripts[i].name);
    *script = i;
    if (length == 0) return 0;
    if (count > length && name[length] == '.' && memcmp(name, host->scripts[i].name, length) == 0) return length + 1;
  }
  return 0;
}

lh_status lh_host_call_timer(lh_host *host, const uint8_t *name, size_t name_count, const lh_value *arguments,
                             size_t count) {
  invocation call = {.arguments = arguments, .count = count};
  size_t prefix = timer_owner(host, name, name_count, &call.script);
  if (host->scripts[call.script].timers == LUA_NOREF) {
    host->is_timed = false;
    return LH_ABSENT_HOOK;
  }
  call.timer = name + prefix;
  call.timer_count = name_count - prefix;
  return invoke(host, &call);
}

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
  for (int script = 0; script < LH_SCRIPTS_MAX; script++) host->scripts[script].timers = LUA_NOREF;
  lh_api_parse(host);
  lh_options options = {.memory_bytes_max = limits->memory_bytes, .context = host, .log = log_line,
                        .resolve = resolve, .seed = {callbacks->seed[0], callbacks->seed[1]},
                        .coverage = callbacks->coverage};
  host->sandbox = lh_sandbox_open(&options);
  if (host->sandbox == NULL) {
    free(host);
    return NULL;
  }
  host->L = host->sandbox->L;
  host->sandbox->explain = lh_explain;
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
