/// How alike two names are.
#include "LuaConfiguration.h"
#include "budget.h"

#include <stdint.h>
#include <string.h>

/// Longer names are not compared: the work grows with the product of the lengths.
#define NAME_BYTES_MAX 48

static size_t smaller(size_t one, size_t other) { return one < other ? one : other; }

size_t lh_name_distance(const char *one, size_t one_length, const char *other, size_t other_length) {
  if (one_length > NAME_BYTES_MAX || other_length > NAME_BYTES_MAX) return SIZE_MAX;
  // The row in the making and the two before it.
  size_t row[NAME_BYTES_MAX + 1] = {0}, before[NAME_BYTES_MAX + 1] = {0}, earlier[NAME_BYTES_MAX + 1] = {0};
  for (size_t j = 0; j <= other_length; j++) row[j] = j;
  for (size_t i = 1; i <= one_length; i++) {
    memcpy(earlier, before, sizeof earlier);
    memcpy(before, row, sizeof before);
    row[0] = i;
    for (size_t j = 1; j <= other_length; j++) {
      size_t replaced = before[j - 1] + (one[i - 1] != other[j - 1]);
      row[j] = smaller(replaced, 1 + smaller(before[j], row[j - 1]));
      bool has_swapped = i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1];
      if (has_swapped) row[j] = smaller(row[j], earlier[j - 2] + 1);
    }
  }
  return row[other_length];
}

const char *lh_nearest_key(lua_State *L, int table, const char *name, size_t length, size_t within) {
  const char *nearest = NULL;
  size_t best = within + 1;
  lua_pushnil(L);  // The nearest name, kept from the collector.
  int kept = lua_gettop(L);
  lua_pushnil(L);
  while (lua_next(L, table) != 0) {
    lua_pop(L, 1);
    if (lua_type(L, -1) != LUA_TSTRING) continue;
    size_t other_length;
    const char *other = lua_tolstring(L, -1, &other_length);
    lh_charge_scan(L, length * other_length);
    size_t distance = lh_name_distance(name, length, other, other_length);
    if (distance >= best) continue;
    best = distance;
    nearest = other;
    lua_pushvalue(L, -1);
    lua_replace(L, kept);
  }
  return nearest;
}
