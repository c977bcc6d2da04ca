#include <stdlib.h>
#include <string.h>

#include "budget.h"

/// Lets a message about an exhausted budget be built.
#define RESERVE_BYTES ((size_t)64 << 10)
/// Lua's own bound is a million slots. Calling a table whose `__call` is itself costs the square of the stack
/// within one instruction, so the stack stays small: about 2,000 nested calls.
#define STACK_SLOTS_MAX 12000
/// lobject.h: a stack slot, and lstate.h's EXTRA_STACK, part of the library's binary interface of version 5.4.
#define SLOT_BYTES 16
#define EXTRA_SLOTS 5

/// Lua doubles its stack into a new block of exactly this size.
static size_t doubled_stack(const lh_sandbox *sandbox) {
  size_t slots = sandbox->stack_bytes / SLOT_BYTES - EXTRA_SLOTS;
  return (2 * slots + EXTRA_SLOTS) * SLOT_BYTES;
}

static bool is_stack_overflow(const lh_sandbox *sandbox, const void *block, size_t new_size) {
  return sandbox->stack_block != NULL && block == NULL && new_size > (STACK_SLOTS_MAX + EXTRA_SLOTS) * SLOT_BYTES
    && new_size == doubled_stack(sandbox);
}

static void account(lh_sandbox *sandbox, size_t old_size, size_t new_size) {
  sandbox->bytes += new_size - old_size;
  if (old_size >= LH_LARGE_BYTES) sandbox->large_bytes -= old_size;
  if (new_size >= LH_LARGE_BYTES) {
    sandbox->large_bytes += new_size;
    lh_budget_arm(sandbox);
  }
}

/// Lua collects garbage and asks once more for what it was refused; the second refusal is final.
static void *refuse(lh_sandbox *sandbox, void *block, size_t new_size, lh_trip trip) {
  if (sandbox->denied && sandbox->denied_block == block && sandbox->denied_size == new_size) {
    lh_budget_trip(sandbox, trip);
  }
  sandbox->denied = true;
  sandbox->denied_block = block;
  sandbox->denied_size = new_size;
  lh_budget_arm(sandbox);
  return NULL;
}

static void release(lh_sandbox *sandbox, void *block, size_t size) {
  if (block == NULL) return;
  if (size <= LH_POOL_BLOCK_MAX) lh_pool_give(&sandbox->pool, block, lh_pool_class(size));
  else free(block);
}

/// Moves a block to another size; NULL, and the old one untouched, when there is no memory.
static void *resize(lh_sandbox *sandbox, void *block, size_t old_size, size_t new_size) {
  if (new_size > LH_POOL_BLOCK_MAX && (block == NULL || old_size > LH_POOL_BLOCK_MAX)) return realloc(block, new_size);
  if (block != NULL && old_size <= LH_POOL_BLOCK_MAX && new_size <= LH_POOL_BLOCK_MAX
      && lh_pool_class(old_size) == lh_pool_class(new_size)) return block;
  void *fresh =
    new_size <= LH_POOL_BLOCK_MAX ? lh_pool_take(&sandbox->pool, lh_pool_class(new_size)) : malloc(new_size);
  if (fresh == NULL || block == NULL) return fresh;
  memcpy(fresh, block, old_size < new_size ? old_size : new_size);
  release(sandbox, block, old_size);
  return fresh;
}

/// Steps are charged here but an allocator cannot raise: an exhausted budget is raised at the next instruction.
void *lh_allocate(void *ud, void *block, size_t old_size, size_t new_size) {
  lh_sandbox *sandbox = ud;
  // For a new block Lua passes the kind of object instead of a size.
  if (block == NULL) old_size = 0;
  if (new_size == 0) {
    if (block != NULL && block == sandbox->stack_block) {
      sandbox->stack_block = sandbox->newest_block;
      sandbox->stack_bytes = sandbox->newest_size;
    }
    account(sandbox, old_size, 0);
    release(sandbox, block, old_size);
    return NULL;
  }
  if (new_size > old_size) {
    sandbox->allocations++;
    if (sandbox->fail_from != 0 && sandbox->allocations >= sandbox->fail_from) {
      return refuse(sandbox, block, new_size, LH_TRIP_MEMORY);
    }
    if (is_stack_overflow(sandbox, block, new_size)) return refuse(sandbox, block, new_size, LH_TRIP_STACK);
    size_t max = sandbox->bytes_max + (sandbox->trip != LH_TRIP_NONE ? RESERVE_BYTES : 0);
    size_t more = new_size - old_size;
    if (more > max || sandbox->bytes > max - more) return refuse(sandbox, block, new_size, LH_TRIP_MEMORY);
    if (sandbox->active) lh_budget_take(sandbox, 1 + (int64_t)(more >> 6));
  }
  void *fresh = resize(sandbox, block, old_size, new_size);
  if (fresh == NULL) return new_size <= old_size ? block : refuse(sandbox, block, new_size, LH_TRIP_MEMORY);
  account(sandbox, old_size, new_size);
  sandbox->newest_block = fresh;
  sandbox->newest_size = new_size;
  if (sandbox->denied && sandbox->denied_block == block && sandbox->denied_size == new_size) sandbox->denied = false;
  return fresh;
}

void lh_watch_stack(lua_State *L) {
  lh_sandbox *sandbox = lh_of(L);
  luaL_checkstack(L, 200, "opening");
  // Growing copies into a new block and frees the old one, so the newest block is the stack.
  sandbox->stack_block = sandbox->newest_block;
  sandbox->stack_bytes = sandbox->newest_size;
}
