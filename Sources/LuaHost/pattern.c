#include "pattern.h"

#include <ctype.h>
#include <string.h>

#include "budget.h"

/// Lua's own bound (MAXCCALLS in lstrlib.c): how many matches may be nested.
#define DEPTH_MAX 200

static inline int byte_at(const char *p) { return (unsigned char)*p; }

static inline void step(struct lh_match *match) {
  if (--match->sandbox->slice < 0) lh_budget_refill(match->L, match->sandbox);
}

/// The end of the single-character item at `p`: one character, `%x`, or a set.
static const char *item_end(struct lh_match *match, const char *p) {
  if (*p == '%') {
    if (p + 1 == match->pattern_end) luaL_error(match->L, "malformed pattern (ends with '%%')");
    return p + 2;
  }
  if (*p != '[') return p + 1;
  const char *q = p + 1;
  if (q < match->pattern_end && *q == '^') q++;
  // A bracket right after the opening one stands for itself.
  bool first = true;
  while (first || q == match->pattern_end || *q != ']') {
    step(match);
    if (q == match->pattern_end) luaL_error(match->L, "malformed pattern (missing ']')");
    if (*q == '%' && q + 1 < match->pattern_end) q++;
    q++;
    first = false;
  }
  return q + 1;
}

/// Does `c` belong to the class named by `letter` (`%a`, `%D`, …)? Other letters stand for themselves.
static bool in_class(int c, int letter) {
  bool member;
  switch (tolower(letter)) {
    case 'a': member = isalpha(c); break;
    case 'c': member = iscntrl(c); break;
    case 'd': member = isdigit(c); break;
    case 'g': member = isgraph(c); break;
    case 'l': member = islower(c); break;
    case 'p': member = ispunct(c); break;
    case 's': member = isspace(c); break;
    case 'u': member = isupper(c); break;
    case 'w': member = isalnum(c); break;
    case 'x': member = isxdigit(c); break;
    case 'z': member = c == 0; break;  // Deprecated since 5.2, and still there in Lua.
    default: return letter == c;
  }
  return isupper(letter) ? !member : member;
}

/// Is `c` in the set that starts at `p` ("[") and whose closing bracket is at `last`?
static bool in_set(struct lh_match *match, int c, const char *p, const char *last) {
  bool found = true;
  p++;
  if (*p == '^') {
    found = false;
    p++;
  }
  while (p < last) {
    step(match);
    if (*p == '%') {
      if (in_class(c, byte_at(p + 1))) return found;
      p += 2;
    } else if (p[1] == '-' && p + 2 < last) {
      if (byte_at(p) <= c && c <= byte_at(p + 2)) return found;
      p += 3;
    } else {
      if (byte_at(p) == c) return found;
      p++;
    }
  }
  return !found;
}

/// Does the item from `p` to `end` match the character at `s`?
static bool matches_one(struct lh_match *match, const char *s, const char *p, const char *end) {
  step(match);
  if (s >= match->subject_end) return false;
  int c = byte_at(s);
  switch (*p) {
    case '.': return true;
    case '%': return in_class(c, byte_at(p + 1));
    case '[': return in_set(match, c, p, end - 1);
    default: return byte_at(p) == c;
  }
}

static const char *do_match(struct lh_match *match, const char *s, const char *p);

/// `%bxy` with `p` at x: the end of the balanced text at `s`.
static const char *match_balanced(struct lh_match *match, const char *s, const char *p) {
  if (p + 1 >= match->pattern_end) luaL_error(match->L, "malformed pattern (missing arguments to '%%b')");
  if (s >= match->subject_end || *s != *p) return NULL;
  size_t open = 1;
  for (s++; s < match->subject_end; s++) {
    step(match);
    if (*s == p[1]) {
      if (--open == 0) return s + 1;
    } else if (*s == p[0]) {
      open++;
    }
  }
  return NULL;
}

/// `%f[set]` with `p` at the set: a step into the set from outside of it. Both ends of the subject count as "\0".
static bool at_frontier(struct lh_match *match, const char *s, const char *p, const char *end) {
  int before = s == match->subject ? 0 : byte_at(s - 1);
  int after = s < match->subject_end ? byte_at(s) : 0;
  return !in_set(match, before, p, end - 1) && in_set(match, after, p, end - 1);
}

/// `item*` and `item+` (after its first match): as many as possible, then fewer.
static const char *match_greedy(struct lh_match *match, const char *s, const char *p, const char *end) {
  ptrdiff_t count = 0;
  while (matches_one(match, s + count, p, end)) count++;
  for (; count >= 0; count--) {
    const char *found = do_match(match, s + count, end + 1);
    if (found != NULL) return found;
  }
  return NULL;
}

/// `item-`: as few as possible, then more.
static const char *match_lazy(struct lh_match *match, const char *s, const char *p, const char *end) {
  for (;; s++) {
    const char *found = do_match(match, s, end + 1);
    if (found != NULL) return found;
    if (!matches_one(match, s, p, end)) return NULL;
  }
}

/// `(` and `()`.
static const char *open_capture(struct lh_match *match, const char *s, const char *p, ptrdiff_t length) {
  int index = match->capture_count;
  if (index >= LH_CAPTURES_MAX) luaL_error(match->L, "too many captures");
  match->captures[index] = (struct lh_capture){.start = s, .length = length};
  match->capture_count = index + 1;
  const char *found = do_match(match, s, p);
  if (found == NULL) match->capture_count--;
  return found;
}

/// `)`: closes the capture that was opened last.
static const char *close_capture(struct lh_match *match, const char *s, const char *p) {
  int index = match->capture_count - 1;
  while (index >= 0 && match->captures[index].length != LH_CAPTURE_OPEN) index--;
  if (index < 0) luaL_error(match->L, "invalid pattern capture");
  match->captures[index].length = s - match->captures[index].start;
  const char *found = do_match(match, s, p);
  if (found == NULL) match->captures[index].length = LH_CAPTURE_OPEN;
  return found;
}

/// `%1` to `%9` (and `%0`, an error like any missing capture): the same text again.
static const char *match_back(struct lh_match *match, const char *s, int digit) {
  int index = digit - '1';
  if (index < 0 || index >= match->capture_count || match->captures[index].length == LH_CAPTURE_OPEN) {
    luaL_error(match->L, "invalid capture index %%%d", index + 1);
  }
  // A position's length counts as huge, so that `()%1` matches nothing.
  size_t length = (size_t)match->captures[index].length;
  if ((size_t)(match->subject_end - s) < length) return NULL;
  lh_charge(match->L, 1 + (int64_t)(length >> 6));
  return memcmp(match->captures[index].start, s, length) == 0 ? s + length : NULL;
}

/// Items that are more than one character of the subject. `*known` tells whether there was one;
/// if so its end in the subject is the answer, and `*p` moves past it.
static const char *match_special(struct lh_match *match, const char *s, const char **p, bool *known) {
  const char *name = *p + 1;
  *known = true;
  switch (name < match->pattern_end ? *name : 0) {
    case 'b':
      s = match_balanced(match, s, name + 1);
      *p = name + 3;
      return s;
    case 'f': {
      const char *set = name + 1;
      if (set >= match->pattern_end || *set != '[') luaL_error(match->L, "missing '[' after '%%f' in pattern");
      const char *end = item_end(match, set);
      *p = end;
      return at_frontier(match, s, set, end) ? s : NULL;
    }
    case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7': case '8': case '9':
      *p = name + 1;
      return match_back(match, s, *name);
    default: *known = false; return NULL;
  }
}

/// One single-character item with its suffix. A plain item moves `*s` and `*p` and sets `*again`.
static const char *match_item(struct lh_match *match, const char **s, const char **p, bool *again) {
  const char *end = item_end(match, *p);
  char suffix = end < match->pattern_end ? *end : 0;
  bool repeats = suffix == '*' || suffix == '+' || suffix == '-' || suffix == '?';
  if (!matches_one(match, *s, *p, end)) {
    // Taking none needs no nesting, which counts towards "pattern too complex".
    *again = repeats && suffix != '+';
    *p = end + 1;
    return NULL;
  }
  const char *found = NULL;
  switch (suffix) {
    case '*': return match_greedy(match, *s, *p, end);
    case '+': return match_greedy(match, *s + 1, *p, end);
    case '-': return match_lazy(match, *s, *p, end);
    case '?': found = do_match(match, *s + 1, end + 1); break;
    default: *s += 1; break;
  }
  *again = found == NULL;
  *p = repeats ? end + 1 : end;
  return found;
}

static const char *match_items(struct lh_match *match, const char *s, const char *p) {
  while (p != match->pattern_end) {
    if (*p == '(') {
      bool position = p + 1 < match->pattern_end && p[1] == ')';
      return open_capture(match, s, position ? p + 2 : p + 1, position ? LH_CAPTURE_POSITION : LH_CAPTURE_OPEN);
    }
    if (*p == ')') return close_capture(match, s, p + 1);
    if (*p == '$' && p + 1 == match->pattern_end) return s == match->subject_end ? s : NULL;
    if (*p == '%') {
      bool known;
      const char *end = match_special(match, s, &p, &known);
      if (known && end == NULL) return NULL;
      if (known) {
        s = end;
        continue;
      }
    }
    bool again = false;
    const char *found = match_item(match, &s, &p, &again);
    if (!again) return found;
  }
  return s;
}

static const char *do_match(struct lh_match *match, const char *s, const char *p) {
  step(match);
  if (match->depth_left-- == 0) luaL_error(match->L, "pattern too complex");
  const char *found = match_items(match, s, p);
  match->depth_left++;
  return found;
}

void lh_match_prepare(
  struct lh_match *match, lua_State *L, const char *subject, size_t length, const char *pattern,
  size_t pattern_length) {
  match->L = L;
  match->sandbox = lh_of(L);
  match->subject = subject;
  match->subject_end = subject + length;
  match->pattern_end = pattern + pattern_length;
  match->depth_left = DEPTH_MAX;
  match->capture_count = 0;
}

const char *lh_match_at(struct lh_match *match, const char *at, const char *pattern) {
  match->depth_left = DEPTH_MAX;
  match->capture_count = 0;
  return do_match(match, at, pattern);
}

const char *lh_match_capture(
  struct lh_match *match, int index, const char *start, const char *end, size_t *length) {
  if (index >= match->capture_count) {
    if (index != 0) luaL_error(match->L, "invalid capture index %%%d", index + 1);
    *length = (size_t)(end - start);
    return start;
  }
  const struct lh_capture *capture = &match->captures[index];
  if (capture->length == LH_CAPTURE_OPEN) luaL_error(match->L, "unfinished capture");
  if (capture->length == LH_CAPTURE_POSITION) {
    lua_pushinteger(match->L, capture->start - match->subject + 1);
    return NULL;
  }
  *length = (size_t)capture->length;
  return capture->start;
}

int lh_match_push(struct lh_match *match, const char *start, const char *end) {
  int count = match->capture_count == 0 && start != NULL ? 1 : match->capture_count;
  luaL_checkstack(match->L, count, "too many captures");
  for (int i = 0; i < count; i++) {
    size_t length;
    const char *text = lh_match_capture(match, i, start, end, &length);
    if (text != NULL) lua_pushlstring(match->L, text, length);
  }
  return count;
}
