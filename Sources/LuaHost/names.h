#ifndef LH_NAMES_H
#define LH_NAMES_H

#include <stddef.h>

/// How many insertions, deletions and replacements turn one name into the other, for "did you mean". Names too long
/// to be compared are SIZE_MAX apart.
size_t lh_name_distance(const char *one, size_t one_length, const char *other, size_t other_length);

#endif
