#include "table_sort.h"

#include "budget.h"

/// Is the value at `a` before the one at `b`? Both are stack indices below the top.
static bool is_before(lua_State *L, int a, int b) {
  lh_charge(L, 4);
  if (lua_isnil(L, 2)) {
    if (lua_type(L, a) == LUA_TSTRING && lua_type(L, b) == LUA_TSTRING) {
      size_t length = lua_rawlen(L, a), other = lua_rawlen(L, b);
      lh_charge(L, (int64_t)((length < other ? length : other) >> 4));
    }
    return lua_compare(L, a, b, LUA_OPLT);
  }
  lua_pushvalue(L, 2);
  lua_pushvalue(L, a);
  lua_pushvalue(L, b);
  lua_call(L, 2, 1);
  bool before = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return before;
}

/// Puts the value at the top (popped) into the heap t[1..count] at `hole` or below it. Goes down to a leaf along the
/// larger children first and back up after: half the comparisons, since most values belong near the leaves.
static void sift(lua_State *L, lua_Integer root, lua_Integer count) {
  int value = lua_gettop(L);
  lua_Integer hole = root;
  while (2 * hole <= count) {
    lua_Integer child = 2 * hole;
    lua_geti(L, 1, child);
    if (child < count) {
      lua_geti(L, 1, child + 1);
      if (is_before(L, value + 1, value + 2)) {
        lua_replace(L, value + 1);
        child++;
      } else {
        lua_pop(L, 1);
      }
    }
    lua_seti(L, 1, hole);
    hole = child;
  }
  while (hole > root) {
    lua_Integer parent = hole / 2;
    lua_geti(L, 1, parent);
    if (!is_before(L, value + 1, value)) {
      lua_pop(L, 1);
      break;
    }
    lua_seti(L, 1, hole);
    hole = parent;
  }
  lua_seti(L, 1, hole);
}

void lh_sort_table(lua_State *L, lua_Integer count) {
  luaL_checkstack(L, 40, "sort");
  for (lua_Integer root = count / 2; root >= 1; root--) {
    lua_geti(L, 1, root);
    sift(L, root, count);
  }
  for (lua_Integer last = count; last > 1; last--) {
    lua_geti(L, 1, last);
    lua_geti(L, 1, 1);
    lua_seti(L, 1, last);
    sift(L, 1, last - 1);
  }
}
