/// Unit tests in Lua: a file that returns a table of functions, of which one is run.
#include <stdio.h>
#include <string.h>

#include "budget.h"
#include "host.h"

/// The message handler: finds the line of the file of tests that is nearest to the error, and takes the place from the
/// front of the message where it is the same.
static int note_place(lua_State *L) {
  lh_test *test = lua_touserdata(L, lua_upvalueindex(1));
  lua_Debug record;
  for (int level = 0; lua_getstack(L, level, &record); level++) {
    lua_getinfo(L, "Sl", &record);
    if (record.currentline <= 0 || strcmp(record.source, test->chunk.chunk_name) != 0) continue;
    test->line = record.currentline;
    break;
  }
  size_t length;
  const char *text = luaL_tolstring(L, 1, &length);
  if (test->line > 0) {
    char place[LUA_IDSIZE + 32];
    size_t used = (size_t)snprintf(place, sizeof place, "%s:%d: ", record.short_src, test->line);
    if (strncmp(text, place, used) == 0) text += used;
  }
  snprintf(test->message, sizeof test->message, "%s", text);
  return 1;
}

/// `ask(value, …)`: plain values go out, plain values come back.
static int ask(lua_State *L) {
  const lh_test *test = lua_touserdata(L, lua_upvalueindex(1));
  lh_host *host = lh_host_of(L);
  lh_call *call = &host->call;
  int count = lua_gettop(L);
  luaL_argcheck(L, count <= LH_ARGUMENTS_MAX, LH_ARGUMENTS_MAX, "too many values");
  for (int i = 0; i < count; i++)
    if (!lh_read_plain(L, i + 1, &call->arguments[i]) || call->arguments[i].kind > LH_TEXT)
      return luaL_typeerror(L, i + 1, "nil, boolean, number or string");
  call->argument_count = (uint32_t)count;
  call->field_count = 0;
  call->result_count = 0;
  call->results_are_list = false;
  if (!test->ask(test->context, call)) {
    lua_pushstring(L, call->error);
    return lua_error(L);
  }
  luaL_checkstack(L, LH_RESULTS_MAX, "too many results");
  for (uint32_t i = 0; i < call->result_count; i++) lh_push_value(L, host, &call->results[i]);
  return (int)call->result_count;
}

static void compile(lua_State *L, const lh_chunk *chunk) {
  if (lh_compile(L, chunk->chunk_name, (const char *)chunk->source, chunk->count) != LUA_OK) lua_error(L);
}

/// A policy's table, or a plugin's, is taken for tests easily: its functions have names, too.
static void refuse_policy(lua_State *L) {
  int table = lua_gettop(L);
  bool is_policy = lua_getfield(L, table, "timers") == LUA_TTABLE;
  lua_settop(L, table);
  for (int hook = 0; hook < LH_HOOK_COUNT; hook++) {
    is_policy = is_policy || lua_getfield(L, table, lh_hook_names[hook]) == LUA_TFUNCTION;
    lua_settop(L, table);
  }
  if (is_policy)
    luaL_error(L, "this is a policy or a plugin, not tests: name its conversation, a file that ends in .talk, or its "
                  "tests, a file that ends in _test.lua");
}

/// The table of tests is on top of the stack.
static void tell(lua_State *L, const lh_test *test) {
  refuse_policy(L);
  lua_pushnil(L);
  while (lua_next(L, -2)) {
    if (lua_type(L, -2) != LUA_TSTRING || !lua_isfunction(L, -1))
      luaL_error(L, "tests are functions under names, not a %s", luaL_typename(L, -1));
    lua_Debug record;
    lua_pushvalue(L, -1);
    lua_getinfo(L, ">S", &record);
    size_t length;
    const char *name = lua_tolstring(L, -2, &length);
    test->found(test->context, name, length, record.linedefined);
    lua_pop(L, 1);
  }
}

static int run(lua_State *L) {
  lh_test *test = lua_touserdata(L, 1);
  compile(L, &test->chunk);
  lua_call(L, 0, 1);
  lh_check_globals(L);
  if (!lua_istable(L, -1))
    return luaL_error(L, "the file returns %s; it ends with 'return tests', a table of functions",
                      lua_isnil(L, -1) ? "nothing" : luaL_typename(L, -1));
  if (test->name == NULL) {
    tell(L, test);
    return 0;
  }
  lua_getfield(L, -1, test->name);
  compile(L, &test->helper);
  lua_pushlightuserdata(L, test);
  lua_pushcclosure(L, ask, 1);
  lua_call(L, 1, 1);
  lua_call(L, 1, 0);
  return 0;
}

static int enter(lua_State *L) {
  lua_pushlightuserdata(L, lua_touserdata(L, 1));
  lua_pushcclosure(L, note_place, 1);
  lua_pushcfunction(L, run);
  lua_pushvalue(L, 1);
  int status = lua_pcall(L, 1, 0, 2);
  return status == LUA_OK ? 0 : lua_error(L);
}

bool lh_host_test(lh_host *host, lh_test *test) {
  // What a test asks runs other states on this thread, and the watchdog knows of one at a time: count from the start.
  if (host->sandbox->is_watched) lh_watchdog_remove(&host->sandbox->watch);
  host->sandbox->is_watched = false;
  host->script_count = 1;
  test->line = 0;
  test->message[0] = 0;
  if (lh_host_run(host, enter, test, host->limits.load_instructions, host->limits.load_nanoseconds) == LH_DONE)
    return true;
  if (test->message[0] == 0) {
    // Out of memory there is no message handler. The text begins with its own place.
    const char *text = lh_host_error(host);
    snprintf(test->message, sizeof test->message, "%.*s", (int)strcspn(text, "\n"), text);
  }
  return false;
}
