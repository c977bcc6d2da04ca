#define _POSIX_C_SOURCE 200809L
#include <stdlib.h>
#include <time.h>

#include "budget.h"

struct chunk {
  const char *name;
  const char *source;
  size_t length;
  bool compiled;
};

static int run_chunk(lua_State *L) {
  struct chunk *chunk = lua_touserdata(L, 1);
  if (lh_compile(L, chunk->name, chunk->source, chunk->length) != LUA_OK) return lua_error(L);
  chunk->compiled = true;
  lua_call(L, 0, 0);
  lh_check_globals(L);
  return 0;
}

lh_outcome lh_sandbox_run(
  lh_sandbox *sandbox, const char *chunk_name, const char *source, size_t length, int64_t instructions,
  int64_t nanoseconds) {
  struct chunk chunk = {.name = chunk_name, .source = source, .length = length};
  free(sandbox->printed);
  sandbox->printed = NULL;
  sandbox->printed_length = sandbox->printed_capacity = 0;
  lh_budget_begin(sandbox->L, instructions, nanoseconds);
  int status = lh_protect(sandbox, run_chunk, &chunk);
  lh_budget_end(sandbox->L);
  if (sandbox->trip != LH_TRIP_NONE) return LH_TRIPPED;
  if (status == LUA_OK) return LH_OK;
  return chunk.compiled ? LH_RAISED : LH_SYNTAX_ERROR;
}

uint64_t lh_sandbox_time_budget(lh_sandbox *sandbox, uint64_t rounds) {
  struct timespec start, end;
  clock_gettime(CLOCK_MONOTONIC, &start);
  for (uint64_t round = 0; round < rounds; round++) {
    lh_budget_begin(sandbox->L, 100000, 10000000);
    lh_budget_end(sandbox->L);
  }
  clock_gettime(CLOCK_MONOTONIC, &end);
  return (uint64_t)(end.tv_sec - start.tv_sec) * 1000000000u + (uint64_t)(end.tv_nsec - start.tv_nsec);
}
