-- Policies and plugins are plain Lua 5.4 under the relay's sandbox, whose globals are all listed here.
std = "lobbyist"
max_line_length = 120
-- A hook takes what the relay hands it, wanted or not.
unused_args = false
-- For editors, and never run.
exclude_files = { "plugins/library" }

stds.lobbyist = {
  globals = {
    -- Scripts keep attributes on it.
    mount = { other_fields = true },
  },
  read_globals = {
    -- The relay's, from Sources/LuaHost/include/api.def.
    crypto = { fields = { "base64_decode", "base64_encode", "equal", "hmac_sha1", "hmac_sha256", "sha256" } },
    random = { fields = { "bytes", "integer", "text", "uuid" } },
    relay = { fields = { "count", "log", "now", "settings" } },
    json = { fields = { "absent", "array", "decode", "encode", "null", "object", "text" } },
    -- Lua's.
    assert = {},
    error = {},
    getmetatable = {},
    ipairs = {},
    math = { fields = {
      "abs", "acos", "asin", "atan", "ceil", "cos", "deg", "exp", "floor", "fmod", "huge", "log", "max",
      "maxinteger", "min", "mininteger", "modf", "pi", "rad", "random", "sin", "sqrt", "tan", "tointeger",
      "type", "ult",
    } },
    next = {},
    pairs = {},
    pcall = {},
    print = {},
    rawequal = {},
    rawget = {},
    rawlen = {},
    rawset = {},
    require = {},
    select = {},
    setmetatable = {},
    string = { fields = {
      "byte", "char", "find", "format", "gmatch", "gsub", "len", "lower", "match", "pack", "packsize", "rep",
      "reverse", "sub", "unpack", "upper",
    } },
    table = { fields = { "concat", "insert", "move", "pack", "remove", "sort", "unpack" } },
    tonumber = {},
    tostring = {},
    type = {},
    utf8 = { fields = { "char", "charpattern", "codepoint", "codes", "len", "offset" } },
    xpcall = {},
  },
}

-- A configuration has words of its own.
files["**/lobbyist.lua"] = { read_globals = { "admin", "env", "limits", "listen", "log", "mount" } }
