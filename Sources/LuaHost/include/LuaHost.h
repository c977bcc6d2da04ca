#ifndef LUAHOST_H
#define LUAHOST_H
#include "LuaSandbox.h"
int lh_placeholder(void);
#endif
