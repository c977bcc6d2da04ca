#ifndef LH_SCRATCH_H
#define LH_SCRATCH_H

#include "sandbox.h"

/// A growing byte buffer that Lua owns: its memory is a userdata in a stack slot of its own, so an error at any
/// point frees it. Other values may come and go above that slot.
struct lh_scratch {
  lua_State *L;
  int slot;
  char *bytes;
  size_t length;
  size_t capacity;
  char first[1024];
};

/// Pushes the slot. `scratch` itself must stay where it is.
void lh_scratch_open(lua_State *L, struct lh_scratch *scratch);
/// Makes room for `more` bytes and answers where they go; the caller adds to `length`. Raises when out of memory.
char *lh_scratch_room(struct lh_scratch *scratch, size_t more);
void lh_scratch_add(struct lh_scratch *scratch, const char *bytes, size_t length);

static inline void lh_scratch_byte(struct lh_scratch *scratch, char byte) {
  if (scratch->length == scratch->capacity) lh_scratch_room(scratch, 1);
  scratch->bytes[scratch->length++] = byte;
}

#endif
