/// A configuration in Lua: statements (`listen "…"`, `mount "/path" { … }`) run in a sandbox of their own, and what they
/// say is handed out value by value. What it means is not known here.
#ifndef LUACONFIGURATION_H
#define LUACONFIGURATION_H

#include "LuaHost.h"

typedef enum lh_step {
  /// `name` is the statement, `line` where it stands.
  LH_STATEMENT,
  /// A value: of the key `name`, or of the next position where that is NULL. A statement's arguments have positions.
  LH_VALUE,
  /// A table under that key or position begins; what follows is in it, until it ends.
  LH_TABLE_BEGIN,
  LH_TABLE_END,
} lh_step;

typedef struct lh_said {
  lh_step step;
  const char *name; // NUL-terminated or NULL
  int line;
  lh_value value; // LH_BOOL, LH_INTEGER, LH_NUMBER, LH_TEXT
} lh_said;

typedef void (*lh_listen)(void *context, const lh_said *said);

typedef struct lh_configuration {
  const uint8_t *source;
  size_t count;
  const char *chunk_name;
  /// The words that begin statements, NULL at the end. Those in `curried` go on with a table: `mount "/" { … }`.
  const char *const *statements;
  const char *const *curried;
  void *context;
  lh_listen listen;
  lh_log log;
  lh_resolve resolve;
} lh_configuration;

#define LH_PROBLEM_BYTES 1024

/// Runs a configuration. Answers whether it ran to its end; if not, why is in `problem`, NUL-terminated, with file and
/// line. `env "NAME"` in it is an environment variable; nil when it is not set.
bool lh_configuration_run(const lh_configuration *configuration, char problem[LH_PROBLEM_BYTES]);

/// How many insertions, deletions, replacements and swaps of neighbours turn one name into the other, for "did you
/// mean". Names too long to be compared are SIZE_MAX apart.
size_t lh_name_distance(const char *one, size_t one_length, const char *other, size_t other_length);

#endif
