#define _POSIX_C_SOURCE 200809L
#include "coverage.h"

#include <stdlib.h>
#include <string.h>

#define FILES_MAX 1000
#define LINES_MAX 1000000

typedef struct covered_file {
  char *name;
  bool *ran;
  size_t count;
} covered_file;

struct lh_coverage {
  covered_file files[FILES_MAX];
  size_t count;
  /// Where the last line belonged: mostly the next one does too.
  size_t last;
};

lh_coverage *lh_coverage_open(void) { return calloc(1, sizeof(lh_coverage)); }

void lh_coverage_close(lh_coverage *coverage) {
  for (size_t i = 0; i < coverage->count; i++) {
    free(coverage->files[i].name);
    free(coverage->files[i].ran);
  }
  free(coverage);
}

void lh_coverage_visit(const lh_coverage *coverage, void *context,
                       void (*visit)(void *context, const char *chunk_name, const bool *ran, size_t count)) {
  for (size_t i = 0; i < coverage->count; i++)
    visit(context, coverage->files[i].name, coverage->files[i].ran, coverage->files[i].count);
}

/// NULL when there is no room.
static covered_file *file_named(lh_coverage *coverage, const char *name) {
  if (coverage->last < coverage->count && strcmp(coverage->files[coverage->last].name, name) == 0)
    return &coverage->files[coverage->last];
  size_t place = 0;
  while (place < coverage->count && strcmp(coverage->files[place].name, name) != 0) place++;
  if (place == coverage->count) {
    if (place == FILES_MAX) return NULL;
    char *copy = strdup(name);
    if (copy == NULL) return NULL;
    coverage->files[coverage->count++] = (covered_file){.name = copy};
  }
  coverage->last = place;
  return &coverage->files[place];
}

static bool make_room(covered_file *file, size_t lines) {
  if (lines <= file->count) return true;
  size_t count = lines + 256;
  bool *ran = realloc(file->ran, count * sizeof *ran);
  if (ran == NULL) return false;
  memset(ran + file->count, 0, (count - file->count) * sizeof *ran);
  file->ran = ran;
  file->count = count;
  return true;
}

void lh_coverage_note(lh_coverage *coverage, lua_State *L, lua_Debug *record) {
  lua_getinfo(L, "S", record);
  // Only files: their names begin so (Lua 5.4 §4.7).
  if (record->source[0] != '@' || record->currentline <= 0 || record->currentline > LINES_MAX) return;
  covered_file *file = file_named(coverage, record->source);
  if (file != NULL && make_room(file, (size_t)record->currentline)) file->ran[record->currentline - 1] = true;
}
