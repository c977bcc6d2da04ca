#include "LuaConfiguration.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "budget.h"

#define TABLE_DEPTH_MAX 6
#define INSTRUCTIONS_MAX 10000000
#define NANOSECONDS_MAX 1000000000

static const lh_configuration *configuration_of(lua_State *L) { return lh_of(L)->context; }

static void say(lua_State *L, const lh_said *said) {
  const lh_configuration *configuration = configuration_of(L);
  configuration->listen(configuration->context, said);
}

static void say_value(lua_State *L, const char *name, int index, int depth);

/// Orders the names of the table at `index`, so that a configuration reads the same every time. Leaves a list of them.
static void push_sorted_names(lua_State *L, int index) {
  lua_newtable(L);
  lua_Integer count = 0;
  lua_pushnil(L);
  while (lua_next(L, index)) {
    lua_pop(L, 1);
    if (lua_type(L, -1) != LUA_TSTRING) continue;
    // By insertion: tables of a configuration are short.
    lua_Integer place = ++count;
    for (; place > 1; place--) {
      lua_rawgeti(L, -2, place - 1);
      if (strcmp(lua_tostring(L, -1), lua_tostring(L, -2)) <= 0) {
        lua_pop(L, 1);
        break;
      }
      lua_rawseti(L, -3, place);
    }
    lua_pushvalue(L, -1);
    lua_rawseti(L, -3, place);
  }
}

static void say_table(lua_State *L, const char *name, int index, int depth) {
  if (depth >= TABLE_DEPTH_MAX) luaL_error(L, "tables are nested more than %d deep", TABLE_DEPTH_MAX);
  luaL_checkstack(L, 8, "tables");
  say(L, &(lh_said){.step = LH_TABLE_BEGIN, .name = name});
  lua_Integer count = (lua_Integer)lua_rawlen(L, index);
  for (lua_Integer i = 1; i <= count; i++) {
    lua_rawgeti(L, index, i);
    say_value(L, NULL, lua_gettop(L), depth + 1);
    lua_pop(L, 1);
  }
  push_sorted_names(L, index);
  int names = lua_gettop(L);
  lua_Integer named = (lua_Integer)lua_rawlen(L, names), pairs = 0;
  lua_pushnil(L);
  for (; lua_next(L, index); pairs++) lua_pop(L, 1);
  if (pairs != named + count) luaL_error(L, "a table has names and positions from 1 on, and no other keys");
  for (lua_Integer i = 1; i <= named; i++) {
    lua_rawgeti(L, names, i);
    lua_pushvalue(L, -1);
    lua_rawget(L, index);
    say_value(L, lua_tostring(L, -2), lua_gettop(L), depth + 1);
    lua_pop(L, 2);
  }
  lua_pop(L, 1);
  say(L, &(lh_said){.step = LH_TABLE_END});
}

static void say_value(lua_State *L, const char *name, int index, int depth) {
  lh_said said = {.step = LH_VALUE, .name = name};
  switch (lua_type(L, index)) {
    case LUA_TBOOLEAN:
      said.value = (lh_value){.kind = LH_BOOL, .integer = lua_toboolean(L, index)};
      break;
    case LUA_TNUMBER:
      if (lua_isinteger(L, index)) said.value = (lh_value){.kind = LH_INTEGER, .integer = lua_tointeger(L, index)};
      else said.value = (lh_value){.kind = LH_NUMBER, .number = lua_tonumber(L, index)};
      break;
    case LUA_TSTRING:
      said.value.kind = LH_TEXT;
      said.value.bytes = (const uint8_t *)lua_tolstring(L, index, &said.value.count);
      break;
    case LUA_TTABLE: say_table(L, name, index, depth); return;
    default:
      luaL_error(L, "%s%sa %s is no part of a configuration", name != NULL ? name : "", name != NULL ? ": " : "",
                 luaL_typename(L, index));
  }
  say(L, &said);
}

static void begin_statement(lua_State *L, const char *word) {
  lua_Debug caller;
  int line = lua_getstack(L, 1, &caller) && lua_getinfo(L, "l", &caller) ? caller.currentline : 0;
  say(L, &(lh_said){.step = LH_STATEMENT, .name = word, .line = line});
}

/// `word(value, …)`. The word is an upvalue.
static int statement(lua_State *L) {
  int count = lua_gettop(L);
  begin_statement(L, lua_tostring(L, lua_upvalueindex(1)));
  for (int i = 1; i <= count; i++) say_value(L, NULL, i, 0);
  return 0;
}

/// The second half of `word(value)(table)`: word and value are upvalues.
static int rest_of_statement(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  begin_statement(L, lua_tostring(L, lua_upvalueindex(1)));
  lua_pushvalue(L, lua_upvalueindex(2));
  say_value(L, NULL, 2, 0);
  say_value(L, NULL, 1, 0);
  lua_pushnil(L);
  lua_setfield(L, LUA_REGISTRYINDEX, "lobbyist.unfinished");
  return 0;
}

static void require_finished(lua_State *L) {
  if (lua_getfield(L, LUA_REGISTRYINDEX, "lobbyist.unfinished") != LUA_TNIL) {
    lua_pushliteral(L, ": a table belongs behind it: mount \"/\" { script = \"scripts/godot.lua\" }");
    lua_concat(L, 2);
    lua_error(L);
  }
  lua_pop(L, 1);
}

static int first_of_statement(lua_State *L) {
  luaL_checkany(L, 1);
  require_finished(L);
  luaL_where(L, 1);
  lua_pushfstring(L, "%s%s", lua_tostring(L, -1), lua_tostring(L, lua_upvalueindex(1)));
  lua_setfield(L, LUA_REGISTRYINDEX, "lobbyist.unfinished");
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_pushvalue(L, 1);
  lua_pushcclosure(L, rest_of_statement, 2);
  return 1;
}

static int environment(lua_State *L) {
  lua_pushstring(L, getenv(luaL_checkstring(L, 1)));
  return 1;
}

static void define(lua_State *L, const char *const *words, lua_CFunction function) {
  for (; *words != NULL; words++) {
    lua_pushstring(L, *words);
    lua_pushcclosure(L, function, 1);
    lh_set_global(L, *words);
  }
}

/// Runs protected.
static int run(lua_State *L) {
  const lh_configuration *configuration = configuration_of(L);
  define(L, configuration->statements, statement);
  define(L, configuration->curried, first_of_statement);
  lua_pushcfunction(L, environment);
  lh_set_global(L, "env");
  if (lh_compile(L, configuration->chunk_name, (const char *)configuration->source, configuration->count) != LUA_OK)
    return lua_error(L);
  lua_call(L, 0, 0);
  lh_check_globals(L);
  require_finished(L);
  return 0;
}

static void log_line(void *context, const char *line, size_t length) {
  const lh_configuration *configuration = context;
  configuration->log(configuration->context, line, length);
}

static bool resolve(void *context, const char *name, size_t length, lh_source *source) {
  const lh_configuration *configuration = context;
  return configuration->resolve(configuration->context, name, length, source);
}

bool lh_configuration_run(const lh_configuration *configuration, char problem[LH_PROBLEM_BYTES]) {
  lh_options options = {.context = (void *)configuration, .log = log_line, .resolve = resolve, .seed = {1, 2}};
  lh_sandbox *sandbox = lh_sandbox_open(&options);
  if (sandbox == NULL) {
    snprintf(problem, LH_PROBLEM_BYTES, "not enough memory to open a Lua state");
    return false;
  }
  lh_budget_begin(sandbox->L, INSTRUCTIONS_MAX, NANOSECONDS_MAX);
  bool done = lh_protect(sandbox, run, NULL) == LUA_OK;
  lh_budget_end(sandbox->L);
  if (!done) {
    const char *failure = lh_sandbox_failure(sandbox);
    snprintf(problem, LH_PROBLEM_BYTES, "%.*s", (int)strcspn(failure, "\n"), failure);
  }
  lh_sandbox_close(sandbox);
  return done;
}
