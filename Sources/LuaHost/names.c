/// How alike two names are.
#include "LuaConfiguration.h"

#include <stdint.h>

/// Longer names are not compared: the work grows with the product of the lengths.
#define NAME_BYTES_MAX 48

static size_t smaller(size_t one, size_t other) { return one < other ? one : other; }

size_t lh_name_distance(const char *one, size_t one_length, const char *other, size_t other_length) {
  if (one_length > NAME_BYTES_MAX || other_length > NAME_BYTES_MAX) return SIZE_MAX;
  size_t row[NAME_BYTES_MAX + 1];
  for (size_t j = 0; j <= other_length; j++) row[j] = j;
  for (size_t i = 1; i <= one_length; i++) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= other_length; j++) {
      size_t replaced = diagonal + (one[i - 1] != other[j - 1]);
      diagonal = row[j];
      row[j] = smaller(replaced, 1 + smaller(row[j], row[j - 1]));
    }
  }
  return row[other_length];
}
