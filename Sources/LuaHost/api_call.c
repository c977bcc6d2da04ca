/// From a Lua call to the relay and back: arguments checked against the table, plain values handed over,
/// errors raised once the relay's frame is gone.
#include "host.h"

#include <string.h>

#include "budget.h"
#include "json.h"

static lh_parameter parameter_named(const char *word, size_t count) {
  static const char *const words[] = {"int", "num", "bool", "text", "id", "value", "values",
                                      "peer", "lobby", "target", "peers", "fields", "texts", "owner"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (strlen(words[i]) == count && memcmp(words[i], word, count) == 0) return (lh_parameter)i;
  return LH_P_VALUE;
}

static uint8_t receiver_named(const char *name) {
  if (strcmp(name, "peer") == 0) return LH_PEER;
  if (strcmp(name, "lobby") == 0) return LH_LOBBY;
  if (strcmp(name, "mount") == 0) return LH_MOUNT;
  if (strcmp(name, "message") == 0) return LH_MESSAGE;
  if (strcmp(name, "request") == 0) return LH_REQUEST;
  return LH_NIL;
}

void lh_api_parse(lh_host *host) {
  for (int operation = 0; operation < LH_OPERATION_COUNT; operation++) {
    lh_signature *signature = &host->signatures[operation];
    *signature = (lh_signature){.receiver = receiver_named(lh_api_rows[operation].receiver)};
    bool optional = false;
    for (const char *at = lh_api_rows[operation].parameters; (at = strchr(at, ':')) != NULL;) {
      at++;
      size_t length = strcspn(at, " ?");
      signature->types[signature->count++] = (uint8_t)parameter_named(at, length);
      if (at[length] == '?') optional = true;
      if (!optional) signature->required++;
    }
  }
}

static void copy_reference(const lh_reference *reference, lh_value *out) {
  out->kind = reference->kind;
  out->slot = reference->slot;
  out->generation = reference->generation;
}

/// Plain values and references. False for tables, functions and foreign userdata.
bool lh_read_plain(lua_State *L, int index, lh_value *out) {
  switch (lua_type(L, index)) {
    case LUA_TNIL:
    case LUA_TNONE: out->kind = LH_NIL; return true;
    case LUA_TBOOLEAN:
      out->kind = LH_BOOL;
      out->integer = lua_toboolean(L, index);
      return true;
    case LUA_TNUMBER:
      out->kind = lua_isinteger(L, index) ? LH_INTEGER : LH_NUMBER;
      if (out->kind == LH_INTEGER) out->integer = lua_tointeger(L, index);
      else out->number = lua_tonumber(L, index);
      return true;
    case LUA_TSTRING:
      out->kind = LH_TEXT;
      out->bytes = (const uint8_t *)lua_tolstring(L, index, &out->count);
      return true;
    case LUA_TUSERDATA: {
      const lh_reference *reference = lh_to_reference(L, index);
      if (reference == NULL) return false;
      copy_reference(reference, out);
      return true;
    }
    default: return false;
  }
}

static void require_kind(lua_State *L, int index, bool fits, const char *wanted) {
  if (!fits) luaL_typeerror(L, index, wanted);
}

static void refuse_repeated(lua_State *L, const lh_call *call, const lh_field *field) {
  for (const lh_field *other = call->fields; other < field; other++)
    if (other->key_count == field->key_count && memcmp(other->key, field->key, field->key_count) == 0)
      luaL_error(L, "field '%s' is given twice", (const char *)field->key);
}

/// The field whose name and value lie at `name` and behind it. The text that a table is encoded into replaces the
/// table on the stack, and so stays alive until the call is over; lua_next only needs the name.
static void add_field(lua_State *L, lh_call *call, int name) {
  if (call->field_count == LH_FIELDS_MAX) luaL_error(L, "at most %d fields can be given", LH_FIELDS_MAX);
  if (lua_type(L, name) != LUA_TSTRING) luaL_error(L, "field names are strings, not %ss", luaL_typename(L, name));
  lh_field *field = &call->fields[call->field_count++];
  field->key = (const uint8_t *)lua_tolstring(L, name, &field->key_count);
  refuse_repeated(L, call, field);
  int value = name + 1;
  if (lh_read_plain(L, value, &field->value) && field->value.kind <= LH_TEXT) return;
  if (lua_istable(L, value)) {
    luaL_checkstack(L, 8, "too many fields");
    lh_json_encode(L, value, 0);
    lua_replace(L, value);
    field->value.kind = LH_JSON;
    field->value.bytes = (const uint8_t *)lua_tolstring(L, value, &field->value.count);
  } else if (lh_json_is_null(L, value)) {
    field->value = (lh_value){.kind = LH_JSON, .bytes = (const uint8_t *)"null", .count = 4};
  } else if (lh_json_is_absent(L, value)) {
    field->value.kind = LH_ABSENT;
  } else if (lh_json_is_text(L, value)) {
    field->value.kind = LH_TEXT_OR_EMPTY;
  } else {
    luaL_error(L, "bad field '%s': a %s cannot be sent", lua_tostring(L, name), lh_type_name(L, value));
  }
}

/// Fields are handed over in the order of their names, so that added ones come out the same every time.
static void sort_fields(lh_call *call) {
  for (uint32_t i = 1; i < call->field_count; i++) {
    lh_field field = call->fields[i];
    uint32_t j = i;
    for (; j > 0; j--) {
      const lh_field *before = &call->fields[j - 1];
      size_t common = before->key_count < field.key_count ? before->key_count : field.key_count;
      int order = memcmp(before->key, field.key, common);
      if (order < 0 || (order == 0 && before->key_count <= field.key_count)) break;
      call->fields[j] = *before;
    }
    call->fields[j] = field;
  }
}

/// A table's fields. Each name and value stay on the stack, so that encoded text stays alive.
static void read_field_table(lua_State *L, lh_call *call, int index) {
  lua_pushnil(L);
  while (lua_next(L, index)) {
    int name = lua_gettop(L) - 1;
    add_field(L, call, name);
    luaL_checkstack(L, 4, "too many fields");
    lua_pushvalue(L, name);
  }
  if (call->field_count > 1) sort_fields(call);
}

/// Names and values in turn; a value that is nil leaves its field as it is.
static void read_field_list(lua_State *L, lh_call *call, int index) {
  for (int top = lua_gettop(L); index <= top; index += 2) {
    if (lua_type(L, index) != LUA_TSTRING) luaL_error(L, "field names are strings, not %ss", luaL_typename(L, index));
    if (index == top) luaL_error(L, "field '%s' has no value", lua_tostring(L, index));
    if (!lua_isnil(L, index + 1)) add_field(L, call, index);
  }
}

static void read_fields(lua_State *L, lh_call *call, int index) {
  if (lua_type(L, index) == LUA_TSTRING) return read_field_list(L, call, index);
  luaL_checktype(L, index, LUA_TTABLE);
  read_field_table(L, call, index);
}

static void read_texts(lua_State *L, lh_call *call, int index) {
  int top = lua_gettop(L);
  do {
    if (call->argument_count > LH_RESULTS_MAX) luaL_error(L, "at most %d paths can be given", LH_RESULTS_MAX);
    lh_value *out = &call->arguments[call->argument_count++];
    if (lua_type(L, index) != LUA_TSTRING) luaL_typeerror(L, index, "string");
    out->kind = LH_TEXT;
    out->bytes = (const uint8_t *)lua_tolstring(L, index, &out->count);
  } while (++index <= top);
}

/// One peer or an array of peers, appended to the arguments.
static void read_peers(lua_State *L, lh_call *call, int index) {
  if (!lua_istable(L, index)) {
    lh_value *out = &call->arguments[call->argument_count++];
    require_kind(L, index, lh_read_plain(L, index, out) && (out->kind == LH_PEER || out->kind == LH_NIL), "peer");
    return;
  }
  lua_Unsigned count = lua_rawlen(L, index), room = LH_ARGUMENTS_MAX - call->argument_count;
  if (count > room) luaL_argerror(L, index, lua_pushfstring(L, "at most %d peers, got %I", (int)room, (lua_Integer)count));
  for (lua_Unsigned i = 1; i <= count; i++) {
    lh_value *out = &call->arguments[call->argument_count++];
    lua_rawgeti(L, index, (lua_Integer)i);
    require_kind(L, index, lh_read_plain(L, -1, out) && out->kind == LH_PEER, "array of peers");
    lua_pop(L, 1);
  }
}

static void read_values(lua_State *L, lh_call *call, int index) {
  int count = lua_gettop(L) - index + 1, room = LH_ARGUMENTS_MAX - (int)call->argument_count;
  if (count > room) luaL_error(L, "at most %d arguments can be kept for later, got %d", room, count);
  for (int top = lua_gettop(L); index <= top; index++) {
    lh_value *out = &call->arguments[call->argument_count++];
    bool is_plain = lh_read_plain(L, index, out) && out->kind != LH_NIL && out->kind <= LH_TEXT;
    require_kind(L, index, is_plain, "boolean, number or string");
  }
}

static void read_argument(lua_State *L, lh_call *call, int index, uint8_t type) {
  if (type == LH_P_VALUES) return read_values(L, call, index);
  if (type == LH_P_PEERS) return read_peers(L, call, index);
  if (type == LH_P_FIELDS) return read_fields(L, call, index);
  if (type == LH_P_TEXTS) return read_texts(L, call, index);
  lh_value *out = &call->arguments[call->argument_count++];
  switch ((lh_parameter)type) {
    case LH_P_INT:
      out->kind = LH_INTEGER;
      out->integer = luaL_checkinteger(L, index);
      break;
    case LH_P_NUM:
      out->kind = LH_NUMBER;
      out->number = luaL_checknumber(L, index);
      break;
    case LH_P_BOOL:
      out->kind = LH_BOOL;
      out->integer = lua_toboolean(L, index);
      break;
    case LH_P_TEXT:
      if (lua_type(L, index) != LUA_TSTRING) luaL_typeerror(L, index, "string");
      out->kind = LH_TEXT;
      out->bytes = (const uint8_t *)lua_tolstring(L, index, &out->count);
      break;
    case LH_P_ID: {
      bool read = lh_read_plain(L, index, out);
      if (read && out->kind == LH_NUMBER && lua_tointegerx(L, index, NULL) == out->number) {
        out->kind = LH_INTEGER;
        out->integer = lua_tointeger(L, index);
      }
      require_kind(L, index, read && (out->kind == LH_INTEGER || out->kind == LH_TEXT), "integer or string");
      break;
    }
    case LH_P_PEER: {
      const lh_reference *reference = lh_to_reference(L, index);
      require_kind(L, index, reference != NULL && reference->kind == LH_PEER, "peer");
      copy_reference(reference, out);
      break;
    }
    case LH_P_LOBBY: require_kind(L, index, lh_read_plain(L, index, out) && out->kind == LH_LOBBY, "lobby"); break;
    case LH_P_TARGET:
      require_kind(L, index, lh_read_plain(L, index, out) && (out->kind == LH_PEER || out->kind == LH_LOBBY),
                   "peer or lobby");
      break;
    case LH_P_OWNER:
      require_kind(L, index, lh_read_plain(L, index, out) && (out->kind == LH_LOBBY || out->kind == LH_MOUNT),
                   "lobby or mount");
      break;
    default:
      require_kind(L, index, lh_read_plain(L, index, out) && out->kind <= LH_TEXT, "nil, boolean, number or string");
  }
}

static int push_results(lua_State *L, lh_host *host) {
  const lh_call *call = &host->call;
  if (call->results_are_list) {
    lua_createtable(L, (int)call->list_count, 0);
    for (size_t i = 0; i < call->list_count; i++) {
      lh_push_value(L, host, &call->list[i]);
      lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
  }
  for (uint32_t i = 0; i < call->result_count; i++) lh_push_value(L, host, &call->results[i]);
  return (int)call->result_count;
}

int lh_api_dispatch(lua_State *L, lh_host *host, uint32_t operation) {
  lh_call *call = &host->call;
  call->operation = operation;
  call->result_count = 0;
  call->results_are_list = false;
  call->is_by_plugin = !lh_is_policy(host, host->running);
  call->is_elsewhere = false;
  if (host->callbacks.dispatch(host->callbacks.context, call)) return push_results(L, host);
  if (!call->is_elsewhere) return luaL_error(L, "%s", call->error);
  lh_budget_trip(host->sandbox, LH_TRIP_ELSEWHERE);
  return lh_budget_raise(L);
}

static void read_receiver(lua_State *L, const lh_host *host, lh_call *call, uint8_t kind) {
  static const char *const names[] = {[LH_PEER] = "peer", [LH_LOBBY] = "lobby", [LH_MOUNT] = "mount",
                                      [LH_MESSAGE] = "message", [LH_REQUEST] = "request"};
  const lh_reference *reference = lh_to_reference(L, 1);
  if (reference == NULL || reference->kind != kind) {
    luaL_error(L, "%s expected before the colon, got %s (is it a ':' call?)", names[kind], lh_type_name(L, 1));
    return;
  }
  if (kind >= LH_MESSAGE && (!host->in_hook || reference->slot != host->epoch))
    luaL_error(L, "a %s lives as long as its hook: take what you need out of it while the hook runs", names[kind]);
  copy_reference(reference, &call->arguments[0]);
  call->argument_count = 1;
}

static bool starts_timer(uint32_t operation) {
  return operation == LH_OP_PEER_AFTER || operation == LH_OP_LOBBY_AFTER || operation == LH_OP_MOUNT_AFTER;
}

static bool is_timer(uint32_t operation) {
  return starts_timer(operation) || operation == LH_OP_PEER_CANCEL || operation == LH_OP_LOBBY_CANCEL ||
         operation == LH_OP_MOUNT_CANCEL;
}

/// The name comes behind the receiver, and the seconds where a timer is started.
static void name_timer(lua_State *L, const lh_host *host, lh_call *call, uint32_t operation) {
  int argument = starts_timer(operation) ? 2 : 1;
  lh_require_timer_name(L, argument + 1);
  if (starts_timer(operation)) lh_require_timer(L, host, argument + 1);
  if (lh_is_policy(host, host->running)) return;
  lh_qualify(L, host, argument + 1);
  lh_value *name = &call->arguments[argument];
  name->bytes = (const uint8_t *)lua_tolstring(L, -1, &name->count);
}

int lh_api_call(lua_State *L, uint32_t operation) {
  lh_host *host = lh_host_of(L);
  const lh_signature *signature = &host->signatures[operation];
  lh_call *call = &host->call;
  call->argument_count = 0;
  call->field_count = 0;
  int index = 1;
  if (signature->receiver != LH_NIL) {
    read_receiver(L, host, call, signature->receiver);
    index = 2;
  }
  for (int i = 0; i < signature->count; i++, index++) {
    // What is optional and missing is left out at the end, and nil where something follows.
    bool takes_nil = signature->types[i] != LH_P_VALUES && signature->types[i] != LH_P_TEXTS;
    if (i >= signature->required && (takes_nil ? lua_isnoneornil(L, index) : lua_isnone(L, index))) {
      if (lua_isnone(L, index)) break;
      call->arguments[call->argument_count++].kind = LH_NIL;
      continue;
    }
    read_argument(L, call, index, signature->types[i]);
  }
  if (is_timer(operation)) name_timer(L, host, call, operation);
  return lh_api_dispatch(L, host, operation);
}
