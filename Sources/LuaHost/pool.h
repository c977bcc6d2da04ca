#ifndef LH_POOL_H
#define LH_POOL_H

#include <stddef.h>

/// Blocks up to this size come from the pool: nearly everything that a hook call allocates.
#define LH_POOL_BLOCK_MAX 256
#define LH_POOL_STEP 16
#define LH_POOL_CLASSES (LH_POOL_BLOCK_MAX / LH_POOL_STEP)

/// A block that is not in use holds the next one of its size.
typedef struct lh_free_block {
  struct lh_free_block *next;
} lh_free_block;

typedef struct lh_pool_chunk {
  struct lh_pool_chunk *next;
} lh_pool_chunk;

/// Small blocks by size, cut from chunks that go back to the system when the sandbox closes. A collector frees in
/// bulk what a hook allocated one by one; the general allocator is slow at that pattern.
typedef struct lh_pool {
  lh_free_block *free[LH_POOL_CLASSES];
  lh_pool_chunk *chunks;
  char *fresh; // the rest of the newest chunk
  size_t fresh_bytes;
} lh_pool;

/// The size class of 1 to LH_POOL_BLOCK_MAX bytes.
static inline size_t lh_pool_class(size_t size) { return (size - 1) / LH_POOL_STEP; }

/// Cuts a block of a class from a chunk; NULL when there is no memory for another chunk.
void *lh_pool_cut(lh_pool *pool, size_t class);
void lh_pool_close(lh_pool *pool);

static inline void *lh_pool_take(lh_pool *pool, size_t class) {
  lh_free_block *block = pool->free[class];
  if (block == NULL) return lh_pool_cut(pool, class);
  pool->free[class] = block->next;
  return block;
}

static inline void lh_pool_give(lh_pool *pool, void *block, size_t class) {
  lh_free_block *freed = block;
  freed->next = pool->free[class];
  pool->free[class] = freed;
}

#endif
