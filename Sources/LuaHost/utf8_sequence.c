#include "json.h"

static bool continues(unsigned char byte) { return (byte & 0xC0) == 0x80; }

size_t lh_utf8_sequence(const unsigned char *p, const unsigned char *end) {
  size_t left = (size_t)(end - p);
  if (left == 0) return 0;
  unsigned char lead = p[0];
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || left < 2 || !continues(p[1])) return 0;
  if (lead < 0xE0) return 2;
  if (left < 3 || !continues(p[2])) return 0;
  if (lead < 0xF0) {
    bool overlong = lead == 0xE0 && p[1] < 0xA0, surrogate = lead == 0xED && p[1] >= 0xA0;
    return overlong || surrogate ? 0 : 3;
  }
  if (lead > 0xF4 || left < 4 || !continues(p[3])) return 0;
  bool overlong = lead == 0xF0 && p[1] < 0x90, beyond = lead == 0xF4 && p[1] >= 0x90;
  return overlong || beyond ? 0 : 4;
}
