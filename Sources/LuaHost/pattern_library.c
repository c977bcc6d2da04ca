#define _GNU_SOURCE
#include <string.h>

#include "budget.h"
#include "pattern.h"

/// Where a search starts, from 0, given Lua's 1-based and possibly negative `init`.
static size_t start_offset(lua_Integer init, size_t length) {
  if (init > 0) return (size_t)init - 1;
  if (init == 0 || init < -(lua_Integer)length) return 0;
  return length + (size_t)init;
}

static bool has_specials(const char *pattern, size_t length) {
  for (size_t i = 0; i < length; i++) {
    // "]" alone is not special; the NUL byte must not be found in the list's end.
    if (pattern[i] != 0 && strchr("^$*+?.([%-", pattern[i]) != NULL) return true;
  }
  return false;
}

static int find_plain(lua_State *L, const char *s, size_t length, size_t init, const char *p, size_t p_length) {
  lh_charge_scan(L, length - init + p_length);
  const char *found = p_length == 0 ? s + init : memmem(s + init, length - init, p, p_length);
  if (found == NULL) {
    luaL_pushfail(L);
    return 1;
  }
  lua_pushinteger(L, found - s + 1);
  lua_pushinteger(L, found - s + (lua_Integer)p_length);
  return 2;
}

static int search(lua_State *L, bool find) {
  size_t length, pattern_length;
  const char *subject = luaL_checklstring(L, 1, &length);
  const char *pattern = luaL_checklstring(L, 2, &pattern_length);
  size_t init = start_offset(luaL_optinteger(L, 3, 1), length);
  if (init > length) {
    luaL_pushfail(L);
    return 1;
  }
  if (find && (lua_toboolean(L, 4) || !has_specials(pattern, pattern_length))) {
    return find_plain(L, subject, length, init, pattern, pattern_length);
  }
  bool anchored = pattern_length > 0 && *pattern == '^';
  struct lh_match match;
  lh_match_prepare(&match, L, subject, length, pattern, pattern_length);
  if (anchored) pattern++;
  for (const char *at = subject + init; at <= match.subject_end; at++) {
    const char *end = lh_match_at(&match, at, pattern);
    if (end != NULL) {
      if (!find) return lh_match_push(&match, at, end);
      lua_pushinteger(L, at - subject + 1);
      lua_pushinteger(L, end - subject);
      return 2 + lh_match_push(&match, NULL, NULL);
    }
    if (anchored) break;
  }
  luaL_pushfail(L);
  return 1;
}

static int text_find(lua_State *L) { return search(L, true); }
static int text_match(lua_State *L) { return search(L, false); }

/// The state of one `gmatch`, in a userdata. The texts are kept by the iterator's other upvalues.
struct iteration {
  const char *at;
  const char *pattern;
  const char *last_end;
  struct lh_match match;
};

static int next_match(lua_State *L) {
  struct iteration *iteration = lua_touserdata(L, lua_upvalueindex(3));
  iteration->match.L = L;
  for (; iteration->at <= iteration->match.subject_end; iteration->at++) {
    const char *start = iteration->at;
    const char *end = lh_match_at(&iteration->match, start, iteration->pattern);
    if (end == NULL || end == iteration->last_end) continue;
    iteration->at = iteration->last_end = end;
    return lh_match_push(&iteration->match, start, end);
  }
  return 0;
}

static int text_gmatch(lua_State *L) {
  size_t length, pattern_length;
  const char *subject = luaL_checklstring(L, 1, &length);
  const char *pattern = luaL_checklstring(L, 2, &pattern_length);
  size_t init = start_offset(luaL_optinteger(L, 3, 1), length);
  lua_settop(L, 2);
  if (init > length) init = length + 1;
  struct iteration *iteration = lua_newuserdatauv(L, sizeof *iteration, 0);
  lh_match_prepare(&iteration->match, L, subject, length, pattern, pattern_length);
  iteration->at = subject + init;
  iteration->pattern = pattern;
  iteration->last_end = NULL;
  lua_pushcclosure(L, next_match, 3);
  return 1;
}

/// The text at index 3 with `%0` to `%9` and `%%` filled in.
static void add_template(struct lh_match *match, luaL_Buffer *result, const char *start, const char *end) {
  lua_State *L = match->L;
  size_t length;
  const char *text = lua_tolstring(L, 3, &length);
  lh_charge_scan(L, length);
  const char *text_end = text + length;
  for (;;) {
    const char *escape = memchr(text, '%', (size_t)(text_end - text));
    if (escape == NULL) break;
    luaL_addlstring(result, text, (size_t)(escape - text));
    char name = escape + 1 < text_end ? escape[1] : 0;
    text = escape + 2;
    if (name == '%') {
      luaL_addchar(result, '%');
    } else if (name == '0') {
      luaL_addlstring(result, start, (size_t)(end - start));
    } else if (name >= '1' && name <= '9') {
      size_t captured;
      const char *capture = lh_match_capture(match, name - '1', start, end, &captured);
      if (capture != NULL) luaL_addlstring(result, capture, captured);
      else luaL_addvalue(result);
    } else {
      luaL_error(L, "invalid use of '%%' in replacement string");
    }
  }
  luaL_addlstring(result, text, (size_t)(text_end - text));
}

/// Adds what the match is replaced by. Answers whether that is anything else than the match itself.
static bool add_replacement(
  struct lh_match *match, luaL_Buffer *result, const char *start, const char *end, int type) {
  lua_State *L = match->L;
  if (type == LUA_TFUNCTION) {
    lua_pushvalue(L, 3);
    lua_call(L, lh_match_push(match, start, end), 1);
  } else if (type == LUA_TTABLE) {
    size_t length;
    const char *key = lh_match_capture(match, 0, start, end, &length);
    if (key != NULL) lua_pushlstring(L, key, length);
    lua_gettable(L, 3);
  } else {
    add_template(match, result, start, end);
    return true;
  }
  if (!lua_toboolean(L, -1)) {
    lua_pop(L, 1);
    luaL_addlstring(result, start, (size_t)(end - start));
    return false;
  }
  if (!lua_isstring(L, -1)) luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
  luaL_addvalue(result);
  return true;
}

static int text_gsub(lua_State *L) {
  size_t length, pattern_length;
  const char *subject = luaL_checklstring(L, 1, &length);
  const char *pattern = luaL_checklstring(L, 2, &pattern_length);
  int type = lua_type(L, 3);
  lua_Integer count_max = luaL_optinteger(L, 4, (lua_Integer)length + 1);
  bool anchored = pattern_length > 0 && *pattern == '^';
  luaL_argexpected(
    L, type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TFUNCTION || type == LUA_TTABLE, 3,
    "string/function/table");
  struct lh_match match;
  luaL_Buffer result;
  luaL_buffinit(L, &result);
  lh_match_prepare(&match, L, subject, length, pattern, pattern_length);
  if (anchored) pattern++;
  const char *at = subject, *last_end = NULL;
  lua_Integer count = 0;
  bool changed = false;
  while (count < count_max) {
    const char *end = lh_match_at(&match, at, pattern);
    if (end != NULL && end != last_end) {
      count++;
      changed |= add_replacement(&match, &result, at, end, type);
      at = last_end = end;
    } else if (at < match.subject_end) {
      luaL_addchar(&result, *at++);
    } else {
      break;
    }
    if (anchored) break;
  }
  if (changed) {
    luaL_addlstring(&result, at, (size_t)(match.subject_end - at));
    luaL_pushresult(&result);
  } else {
    lua_pushvalue(L, 1);
  }
  lua_pushinteger(L, count);
  return 2;
}

const luaL_Reg lh_pattern_functions[] = {
  {"find", text_find}, {"gmatch", text_gmatch}, {"gsub", text_gsub}, {"match", text_match}, {NULL, NULL},
};
