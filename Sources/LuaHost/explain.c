/// Says more about errors whose text is Lua's own.
#include "host.h"

#include <string.h>

#include "LuaConfiguration.h"

static const char *const receivers[] = {
  [LH_PEER] = "peer", [LH_LOBBY] = "lobby", [LH_MOUNT] = "mount", [LH_MESSAGE] = "message", [LH_REQUEST] = "request"};

/// The method of `receiver` whose name is nearest; NULL when none is near, or when there is one of this very name.
static const char *nearest_method(const char *receiver, const char *name, size_t length) {
  size_t best = length < 3 ? 1 : length < 5 ? 2 : length < 8 ? 3 : 4;
  const char *nearest = NULL;
  for (int operation = 0; operation < LH_OPERATION_COUNT; operation++) {
    const lh_api_row *row = &lh_api_rows[operation];
    if (strcmp(row->receiver, receiver) != 0) continue;
    size_t distance = lh_name_distance(name, length, row->name, strlen(row->name));
    if (distance >= best) continue;
    best = distance;
    nearest = row->name;
  }
  return nearest;
}

/// What the function that has failed has called a method on: the method, nil, and behind it the receiver are such a
/// pair among its temporary values. LH_NIL when that is no reference, and when there are pairs of several kinds.
static uint32_t receiver_of_call(lua_State *L) {
  lua_Debug caller;
  uint32_t kind = LH_NIL;
  if (!lua_getstack(L, 1, &caller) || !lua_getinfo(L, "S", &caller) || caller.what[0] == 'C') return kind;
  bool is_behind_nil = false, is_clear = true;
  const char *name;
  for (int n = 1; (name = lua_getlocal(L, &caller, n)) != NULL; n++) {
    const lh_reference *reference = lh_to_reference(L, -1);
    if (is_behind_nil && reference != NULL) {
      is_clear = kind == LH_NIL || kind == reference->kind;
      kind = reference->kind;
    }
    is_behind_nil = lua_isnil(L, -1) && strcmp(name, "(temporary)") == 0;
    lua_pop(L, 1);
    if (!is_clear) return LH_NIL;
  }
  return kind;
}

void lh_explain(lua_State *L) {
  static const char opening[] = "attempt to call a nil value (method '";
  if (lua_type(L, 1) != LUA_TSTRING) return;
  const char *text = lua_tostring(L, 1);
  const char *found = strstr(text, opening);
  if (found == NULL) return;
  const char *name = found + sizeof opening - 1;
  size_t length = strcspn(name, "'");
  uint32_t kind = receiver_of_call(L);
  if (kind == LH_NIL) return;
  const char *nearest = nearest_method(receivers[kind], name, length);
  lua_pushlstring(L, text, (size_t)(found - text));
  lua_pushfstring(L, "%s has no method '", receivers[kind]);
  lua_pushlstring(L, name, length);
  lua_pushliteral(L, "'");
  if (nearest != NULL) lua_pushfstring(L, ": did you mean '%s'?", nearest);
  else lua_pushliteral(L, "");
  lua_concat(L, 5);
  lua_replace(L, 1);
}
