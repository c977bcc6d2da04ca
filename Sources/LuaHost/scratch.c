#include "scratch.h"

#include <string.h>

void lh_scratch_open(lua_State *L, struct lh_scratch *scratch) {
  lua_pushnil(L);
  scratch->L = L;
  scratch->slot = lua_gettop(L);
  scratch->bytes = scratch->first;
  scratch->length = 0;
  scratch->capacity = sizeof scratch->first;
}

char *lh_scratch_room(struct lh_scratch *scratch, size_t more) {
  if (more > scratch->capacity - scratch->length) {
    size_t capacity = scratch->capacity * 2;
    if (capacity - scratch->length < more) capacity = scratch->length + more;
    char *fresh = lua_newuserdatauv(scratch->L, capacity, 0);
    memcpy(fresh, scratch->bytes, scratch->length);
    // Frees the old block once the collector comes by.
    lua_replace(scratch->L, scratch->slot);
    scratch->bytes = fresh;
    scratch->capacity = capacity;
  }
  return scratch->bytes + scratch->length;
}

void lh_scratch_add(struct lh_scratch *scratch, const char *bytes, size_t length) {
  memcpy(lh_scratch_room(scratch, length), bytes, length);
  scratch->length += length;
}
