#include "pool.h"

#include <stdlib.h>

#define CHUNK_BYTES ((size_t)16 << 10)
#define HEADER_BYTES LH_POOL_STEP

void *lh_pool_cut(lh_pool *pool, size_t class) {
  size_t size = (class + 1) * LH_POOL_STEP;
  if (pool->fresh_bytes < size) {
    // What is left of the old chunk is less than one block of this class: it stays unused.
    lh_pool_chunk *chunk = malloc(CHUNK_BYTES);
    if (chunk == NULL) return NULL;
    chunk->next = pool->chunks;
    pool->chunks = chunk;
    pool->fresh = (char *)chunk + HEADER_BYTES;
    pool->fresh_bytes = CHUNK_BYTES - HEADER_BYTES;
  }
  void *block = pool->fresh;
  pool->fresh += size;
  pool->fresh_bytes -= size;
  return block;
}

void lh_pool_close(lh_pool *pool) {
  while (pool->chunks != NULL) {
    lh_pool_chunk *chunk = pool->chunks;
    pool->chunks = chunk->next;
    free(chunk);
  }
}
