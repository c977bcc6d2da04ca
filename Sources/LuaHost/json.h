#ifndef LH_JSON_H
#define LH_JSON_H

#include "sandbox.h"

/// JSON for scripts (RFC 8259).
///
/// | JSON | Lua |
/// |---|---|
/// | null | `json.null`, a value of its own and true in conditions |
/// | integer within 64 bits | integer |
/// | other number | float; a float without a fraction below 2^53 is written as an integer |
/// | array | table marked by `json.array`, so that an empty one stays an array |
/// | object | plain table; written with its keys sorted, or in order when made by `json.object` |

/// Arrays and objects within each other.
#define LH_JSON_DEPTH_MAX 64

/// Pushes `json.null`.
void lh_json_push_null(lua_State *L);
bool lh_json_is_null(lua_State *L, int index);
/// Pushes `json.absent`: in the fields of a forwarded message, the one to take out. It has no JSON form.
void lh_json_push_absent(lua_State *L);
bool lh_json_is_absent(lua_State *L, int index);
/// `json.text`: in the fields of a forwarded message, one that has to be a string. It stays if it is one and becomes ""
/// otherwise. It has no JSON form either.
bool lh_json_is_text(lua_State *L, int index);
/// Pushes the metatable that marks arrays.
void lh_json_push_array_mark(lua_State *L);
/// Key of a `json.object`'s own metatable: the list of its keys in order.
extern const char lh_json_order_key;

/// Pushes the value of a JSON text and answers true, or pushes a message with line and column and answers false.
/// Raises only for an exhausted budget or missing memory.
bool lh_json_decode(lua_State *L, const char *text, size_t length);
/// Pushes the JSON text of the value at `index`, indented by `indent` spaces per level, or dense if that is 0.
/// Raises when the value has no JSON form.
void lh_json_encode(lua_State *L, int index, int indent);

/// The length of the UTF-8 sequence at `bytes` (RFC 3629: no surrogates, shortest form), or 0 when it is none.
size_t lh_utf8_sequence(const unsigned char *bytes, const unsigned char *end);

#endif
