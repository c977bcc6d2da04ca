#ifndef LH_TABLE_SORT_H
#define LH_TABLE_SORT_H

#include "sandbox.h"

/// Sorts elements 1 to `count` of the table at index 1, by `<` or by the function at index 2.
/// A heap sort: n log n for every input and every comparison, however inconsistent, and no recursion.
void lh_sort_table(lua_State *L, lua_Integer count);

#endif
