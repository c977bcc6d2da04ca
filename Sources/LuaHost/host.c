#include "LuaHost.h"
int lh_placeholder(void) { return 0; }
