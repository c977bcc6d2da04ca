import CLua

/// Lua as Debian ships it, unsandboxed, to compare with. The chunk answers one string.
enum Reference {
  static func run(_ source: String) -> String {
    let state = luaL_newstate()!
    defer { lua_close(state) }
    luaL_openlibs(state)
    var status = luaL_loadbufferx(state, source, source.utf8.count, "@test.lua", "t")
    if status == LUA_OK { status = lua_pcallk(state, 0, 1, 0, 0, nil) }
    var length = 0
    guard let text = lua_tolstring(state, -1, &length) else { return "no string" }
    return String(decoding: UnsafeRawBufferPointer(start: text, count: length), as: UTF8.self)
  }
}
