#ifndef LUAHOST_H
#define LUAHOST_H
int lh_placeholder(void);
#endif
