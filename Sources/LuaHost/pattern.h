#ifndef LH_PATTERN_H
#define LH_PATTERN_H

#include "sandbox.h"

/// Lua 5.4's patterns (reference manual §6.4.1), with every step charged to the budget.

#define LH_CAPTURES_MAX 32
#define LH_CAPTURE_OPEN (-1)
#define LH_CAPTURE_POSITION (-2)

struct lh_capture {
  const char *start;
  /// Bytes, or LH_CAPTURE_OPEN, or LH_CAPTURE_POSITION.
  ptrdiff_t length;
};

/// One match under way: a subject, a pattern, and the captures so far.
struct lh_match {
  lua_State *L;
  lh_sandbox *sandbox;
  const char *subject;
  const char *subject_end;
  const char *pattern_end;
  int depth_left;
  int capture_count;
  struct lh_capture captures[LH_CAPTURES_MAX];
};

void lh_match_prepare(
  struct lh_match *match, lua_State *L, const char *subject, size_t length, const char *pattern,
  size_t pattern_length);
/// Matches `pattern` at exactly `at`, afresh. Answers the end of the match or NULL. Raises for malformed patterns.
const char *lh_match_at(struct lh_match *match, const char *at, const char *pattern);
/// A capture by number from 0; the whole match if there are none. A position is pushed and answered as NULL;
/// anything else is answered with its length.
const char *lh_match_capture(
  struct lh_match *match, int index, const char *start, const char *end, size_t *length);
/// Pushes all captures, or the whole match if there are none and `start` is not NULL. Answers their count.
int lh_match_push(struct lh_match *match, const char *start, const char *end);

/// find, match, gmatch, gsub.
extern const luaL_Reg lh_pattern_functions[];

#endif
