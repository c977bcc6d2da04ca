#ifndef LH_COVERAGE_H
#define LH_COVERAGE_H

#include <lua.h>

#include "LuaCoverage.h"

/// The line event of a hook: this line begins to run. Raises nothing, allocates outside of Lua.
void lh_coverage_note(lh_coverage *coverage, lua_State *L, lua_Debug *record);

#endif
