/// Which lines of Lua files have run, over all states that were opened with the same coverage.
#ifndef LUACOVERAGE_H
#define LUACOVERAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct lh_coverage lh_coverage;

/// NULL when out of memory.
lh_coverage *lh_coverage_open(void);
/// After the last state that uses it is closed.
void lh_coverage_close(lh_coverage *coverage);

/// Hands out every chunk of which a line has run; `ran[i]` tells about line i + 1.
void lh_coverage_visit(const lh_coverage *coverage, void *context,
                       void (*visit)(void *context, const char *chunk_name, const bool *ran, size_t count));

/// Hands out the lines of a text chunk on which something can run, some more than once, in no order. Functions that
/// are never called count; the return that Lua adds before every `end` does not. False when it does not compile.
bool lh_executable_lines(const char *source, size_t length, void *context, void (*visit)(void *context, int line));

#endif
