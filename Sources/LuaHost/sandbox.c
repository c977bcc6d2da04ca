#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "budget.h"

#define MEMORY_BYTES_DEFAULT ((size_t)32 << 20)
#define FAILURE_BYTES_MAX ((size_t)64 << 10)
#define PRINTED_BYTES_MAX ((size_t)4 << 20)

/// Every call that can raise runs in lh_protect, so this is a defect of LuaHost, not of a script.
static int panic(lua_State *L) {
  const char *text = lua_tostring(L, -1);
  fprintf(stderr, "LuaHost: a Lua error outside of any protected call: %s\n", text ? text : "(not a string)");
  abort();
}

/// Makes lauxlib create the metatable of its buffers now: out of memory half-way through, it would stay half-made
/// and break every large buffer of this state.
static void open_buffers(lua_State *L) {
  luaL_Buffer buffer;
  luaL_buffinitsize(L, &buffer, LUAL_BUFFERSIZE + 1);
  luaL_pushresultsize(&buffer, 0);
  lua_pop(L, 1);
}

static int open_everything(lua_State *L) {
  const lh_options *options = lua_touserdata(L, 1);
  lh_watch_stack(L);
  open_buffers(L);
  lh_open_globals(L);
  lh_open_base(L);
  lh_open_require(L);
  lh_open_text(L);
  lh_open_table(L);
  lh_open_math(L, options->seed);
  lh_open_json(L);
  lh_check_globals(L);
  return 0;
}

lh_sandbox *lh_sandbox_open(const lh_options *options) {
  lh_sandbox *sandbox = calloc(1, sizeof *sandbox);
  if (sandbox == NULL) return NULL;
  sandbox->slice = INT64_MAX / 2;
  sandbox->bytes_max = options->memory_bytes_max != 0 ? options->memory_bytes_max : MEMORY_BYTES_DEFAULT;
  sandbox->fail_from = options->fail_from;
  sandbox->context = options->context;
  sandbox->log = options->log;
  sandbox->resolve = options->resolve;
  sandbox->release = options->release;
  lua_State *L = lua_newstate(lh_allocate, sandbox);
  if (L != NULL) {
    sandbox->L = L;
    *(lh_sandbox **)lua_getextraspace(L) = sandbox;
    lua_atpanic(L, panic);
    sandbox->is_watched = lh_watchdog_add(&sandbox->watch, lh_budget_overdue);
    if (options->coverage != NULL) lh_budget_cover(sandbox, options->coverage);
    if (lh_protect(sandbox, open_everything, (void *)options) == LUA_OK) return sandbox;
  }
  size_t leaked = lh_sandbox_close(sandbox);
  if (leaked != 0) {
    fprintf(stderr, "LuaHost: opening a sandbox failed and leaked %zu bytes\n", leaked);
    abort();
  }
  return NULL;
}

size_t lh_sandbox_close(lh_sandbox *sandbox) {
  lua_State *L = sandbox->L;
  sandbox->active = false;
  if (sandbox->is_watched) lh_watchdog_remove(&sandbox->watch);
  // Blocks are freed from here on without looking at the state, which is one of them.
  sandbox->L = NULL;
  if (L != NULL) lua_close(L);
  size_t left = sandbox->bytes;
  lh_pool_close(&sandbox->pool);
  free(sandbox->failure);
  free(sandbox->printed);
  free(sandbox);
  return left;
}

size_t lh_sandbox_bytes(const lh_sandbox *sandbox) { return sandbox->bytes; }

void lh_sandbox_collect(lh_sandbox *sandbox) { lua_gc(sandbox->L, LUA_GCCOLLECT); }

uint64_t lh_sandbox_allocations(const lh_sandbox *sandbox) { return sandbox->allocations; }

void lh_sandbox_fail_from(lh_sandbox *sandbox, uint64_t allocation) { sandbox->fail_from = allocation; }

lh_trip lh_sandbox_trip(const lh_sandbox *sandbox) { return sandbox->trip; }

const char *lh_sandbox_failure(const lh_sandbox *sandbox) { return sandbox->failure ? sandbox->failure : ""; }

const char *lh_sandbox_printed(const lh_sandbox *sandbox) { return sandbox->printed ? sandbox->printed : ""; }

static int text_of_error(lua_State *L) {
  luaL_tolstring(L, 1, NULL);
  return 1;
}

int lh_describe_error(lua_State *L) {
  lua_settop(L, 1);
  if (lua_type(L, 1) != LUA_TSTRING && lh_budget_tripped(L) == LH_TRIP_NONE) {
    // An error object: its __tostring is the script's, so it runs protected and may trip the budget.
    lua_pushcfunction(L, text_of_error);
    lua_pushvalue(L, 1);
    if (lua_pcall(L, 1, 1, 0) != LUA_OK) {
      lua_pushfstring(L, "(error object is a %s value without text)", luaL_typename(L, 1));
    }
    lua_replace(L, 1);
  }
  const lh_sandbox *sandbox = lh_of(L);
  if (sandbox->explain != NULL && sandbox->trip == LH_TRIP_NONE) sandbox->explain(L);
  luaL_traceback(L, L, sandbox->trip != LH_TRIP_NONE ? sandbox->trip_text : lua_tostring(L, 1), 1);
  return 1;
}

void lh_keep_failure(lh_sandbox *sandbox, const char *text, size_t length) {
  free(sandbox->failure);
  if (length > FAILURE_BYTES_MAX) length = FAILURE_BYTES_MAX;
  sandbox->failure = malloc(length + 1);
  if (sandbox->failure == NULL) return;
  memcpy(sandbox->failure, text, length);
  sandbox->failure[length] = 0;
}

int lh_protect(lh_sandbox *sandbox, lua_CFunction body, void *argument) {
  lua_pushcfunction(sandbox->L, body);
  return lh_protect_top(sandbox, argument);
}

int lh_protect_top(lh_sandbox *sandbox, void *argument) {
  lua_State *L = sandbox->L;
  free(sandbox->failure);
  sandbox->failure = NULL;
  int base = lua_gettop(L) - 1;
  lua_pushcfunction(L, lh_describe_error);
  lua_insert(L, base + 1);
  lua_pushlightuserdata(L, argument);
  int status = lua_pcall(L, 1, 0, base + 1);
  if (status != LUA_OK) {
    if (status == LUA_ERRMEM) lh_budget_trip(sandbox, LH_TRIP_MEMORY);
    if (sandbox->active && sandbox->trip != LH_TRIP_NONE && status != LUA_ERRRUN) {
      lh_keep_failure(sandbox, sandbox->trip_text, strlen(sandbox->trip_text));
    } else if (lua_type(L, -1) == LUA_TSTRING) {
      size_t length;
      const char *text = lua_tolstring(L, -1, &length);
      lh_keep_failure(sandbox, text, length);
    } else {
      lh_keep_failure(sandbox, "error in the error handler", 26);
    }
  }
  lua_settop(L, base);
  return status;
}

static bool grow_printed(lh_sandbox *sandbox, size_t needed) {
  if (needed <= sandbox->printed_capacity) return true;
  size_t capacity = needed * 2;
  char *fresh = realloc(sandbox->printed, capacity);
  if (fresh == NULL) return false;
  sandbox->printed = fresh;
  sandbox->printed_capacity = capacity;
  return true;
}

void lh_log_line(lh_sandbox *sandbox, const char *line, size_t length) {
  if (sandbox->log != NULL) {
    sandbox->log(sandbox->context, line, length);
    return;
  }
  if (sandbox->printed_length + length + 2 > PRINTED_BYTES_MAX) return;
  if (!grow_printed(sandbox, sandbox->printed_length + length + 2)) return;
  memcpy(sandbox->printed + sandbox->printed_length, line, length);
  sandbox->printed_length += length + 1;
  sandbox->printed[sandbox->printed_length - 1] = '\n';
  sandbox->printed[sandbox->printed_length] = 0;
}
