import LuaHost
import Testing

/// The libraries that charge, against Lua's own: each line runs in both and must print the same.
@Suite struct LibraryTests {
  static let lines = [
    "('ab'):rep(3), ('ab'):rep(3, ','), ('ab'):rep(0), ('ab'):rep(-1), (''):rep(5), (''):rep(3, ',')",
    "('ab'):rep(1, ','), ('a'):rep(7), (''):rep(1, 'x'), (''):rep(2, 'x'), ('x'):rep(2, '')",
    "('abc'):rep(6, '--'), ('x'):rep(3, 7), ('x'):rep('3'), string.rep(5, 2), ('x'):rep(1000, 'yz'), ('xyz'):rep(1023)",
    "('x'):rep(math.mininteger)",
    "pcall(function() return ('x'):rep(1 << 62, 'yz') end)",
    "pcall(function() return ('xyz'):rep(math.maxinteger) end)",
    "pcall(function() return ('x'):rep(2, {}) end)", "pcall(function() return ('x'):rep(2.5) end)",
    "pcall(function() return ('x'):rep('y') end)", "pcall(function() return ('x'):rep() end)",
    "('héllo'):upper(), ('ABC'):lower(), ('abc'):reverse(), ('abc'):sub(-2), #'abc', ('abc'):len()",
    "('abc'):byte(), ('abc'):byte(2), ('abc'):byte(1, -1), ('abc'):byte(-2, 10), ('abc'):byte(0), ('abc'):byte(9)",
    "('abc'):byte(-9, 2)", "pcall(function() return ('abc'):byte({}) end)", "string.char(104, 105), string.char()",
    "string.format('%d %5.2f %s %q %x %c %%', 3, 2.5, {} and 'x', 'a\\nb', 255, 65)",
    "pcall(function() return string.format('%d', 'x') end)", "pcall(function() return string.format('%y', 1) end)",
    "string.unpack('<i4 s1', string.pack('<i4 s1', -7, 'abc'))", "string.packsize('i4 i8')",
    "utf8.char(72, 228, 8364, 128512), utf8.len('häß'), utf8.len('\\xff')", "utf8.codepoint('hä€', 1, -1)",
    "utf8.offset('hä€', 3), #utf8.charpattern", "pcall(function() return utf8.codepoint('\\xff') end)",
    "(function() local r = {} for p, c in utf8.codes('aä') do r[#r + 1] = p .. '=' .. c end return table.concat(r, ' ') end)()",
    "tonumber('0x10'), tonumber('10', 2), tonumber('z', 36), tonumber('8', 8), tonumber(' 5 '), tonumber('5x'), tonumber({})",
    "pcall(function() return tonumber(1, 2) end)", "pcall(function() return tonumber() end)",
    "select('#'), select('#', nil, nil), select(2, 1, 2, 3), select(-1, 1, 2)",
    "pcall(function() return select(0) end)",
    "tostring(1), tostring(1.0), tostring(-0.0), tostring(nil), tostring(true), tostring(1e100)",
    "table.concat({}), table.concat({ 1, 2.5, 'x' }, '-'), table.concat({ 1, 2, 3 }, ',', 2), table.concat({ 1, 2, 3 }, ',', 2, 2)",
    "pcall(function() return table.concat({ 1, {}, 3 }) end)",
    "pcall(function() return table.concat({ 1 }, ',', 1, 2) end)",
    "table.concat({ [math.maxinteger] = 'end' }, ',', math.maxinteger)", "pcall(function() return table.concat(1) end)",
    "(function() local t = { 1, 2 } table.insert(t, 3) table.insert(t, 1, 0) return table.unpack(t) end)()",
    "pcall(function() table.insert({ 1 }, 3, 1) end)", "pcall(function() table.insert({ 1 }, 0, 1) end)",
    "pcall(function() table.insert({ 1 }) end)", "pcall(function() table.insert({ 1 }, 1, 2, 3) end)",
    "pcall(function() table.insert({ 1 }, 'x', 2) end)", "pcall(function() table.insert(nil, 2) end)",
    "(function() local t = { 1, 2, 3 } return table.remove(t), table.remove(t, 1), #t, t[1] end)()",
    "table.remove({}), table.remove({}, 0), table.remove({ 1 }, 2)", "pcall(function() table.remove({ 1, 2 }, 5) end)",
    "pcall(function() table.remove({}, 5) end)", "pcall(function() table.remove({ 1, 2 }, 0) end)",
    "pcall(function() table.remove({ 1, 2 }, math.mininteger) end)", "table.remove({ [0] = 'zero' }, 0)",
    "table.unpack(table.move({ 1, 2, 3 }, 1, 3, 2))", "table.unpack(table.move({ 1, 2, 3 }, 2, 3, 1))",
    "table.unpack(table.move({ 1, 2 }, 1, 2, 3, { 9, 8 }))", "table.unpack(table.move({ 1, 2 }, 1, 0, 3))",
    "pcall(function() table.move({}, math.mininteger, 1, 1) end)",
    "pcall(function() table.move({}, 1, 2, math.maxinteger) end)",
    "pcall(function() table.move({}, 1, 2) end)", "pcall(function() table.move(1, 1, 2, 3) end)",
    "table.pack().n, table.pack(nil, nil).n, table.unpack(table.pack(1, 2))",
    "table.unpack({ 1, 2, 3 }, 2), table.unpack({ 1, 2 }, 3)",
    "table.unpack({ 1, 2 }, -1, 1)", "pcall(function() return table.unpack({}, 1, 1e8) end)",
    "table.unpack('abc', 1, 0)",
    "(function() local t = { 3, 1, 2 } table.sort(t) return table.unpack(t) end)()",
    "(function() local t = { 'b', 'a', 'c' } table.sort(t, function(a, b) return a > b end) return table.unpack(t) end)()",
    "pcall(function() table.sort({ 1, 'x' }) end)", "pcall(function() table.sort({ 2, 1 }, 5) end)",
    "pcall(function() table.sort({ {}, {} }) end)", "pcall(function() table.sort() end)",
    """
    (function()
      local m = { __index = function(t, i) return i <= 3 and i * 10 or nil end, __len = function() return 3 end }
      return table.concat(setmetatable({}, m), ","), table.unpack(setmetatable({}, m))
    end)()
    """,
    """
    (function()
      local seen = {}
      local t = setmetatable({}, { __newindex = function(t, k, v) seen[#seen + 1] = k .. "=" .. tostring(v) rawset(t, k, v) end })
      table.insert(t, "a") table.insert(t, 1, "b")
      return table.concat(seen, " ")
    end)()
    """,
  ]

  @Test(arguments: lines) func sameAsLua(line: String) throws {
    let show = """
      local function show(...)
        local out = {}
        for i = 1, select("#", ...) do out[i] = tostring((select(i, ...))) end
        return table.concat(out, "|")
      end

      """
    let sandbox = try #require(Sandbox())
    let ours = sandbox.run(show + "print(show(\(line)))")
    #expect(ours.outcome == LH_OK, "\(ours.failure)")
    #expect(ours.printed == Reference.run(show + "return show(\(line))") + "\n")
    #expect(sandbox.close() == 0)
  }

  @Test(arguments: [0, 1, 2, 3, 7, 8, 9, 100, 1000]) func sortsAnything(count: Int) throws {
    let sandbox = try #require(Sandbox())
    let result = sandbox.run(
      """
      for round = 1, 20 do
        local t, sum = {}, 0
        for i = 1, \(count) do t[i] = math.random(round * 5) sum = sum + t[i] end
        local down = table.move(t, 1, #t, 1, {})
        table.sort(t)
        table.sort(down, function(a, b) return a > b end)
        for i = 1, #t do
          assert(i == 1 or t[i - 1] <= t[i])
          assert(down[#t + 1 - i] == t[i])
          sum = sum - t[i]
        end
        assert(sum == 0 and #t == \(count))
      end
      """)
    #expect(result.outcome == LH_OK, "\(result.failure)")
    #expect(sandbox.close() == 0)
  }

  @Test func modulesLoadOnce() throws {
    let sandbox = try #require(
      Sandbox(modules: [
        "one": "print('loading ' .. ...) return { n = 1 }", "nothing": "local x = 1", "broken": "local =",
        "failing": "error('no luck')", "circle": "return require 'square'", "square": "return require 'circle'",
      ]))
    let result = sandbox.run(
      """
      print(require("one").n, require("one") == require("one"), require("nothing"))
      for _, name in ipairs { "broken", "failing", "circle", "absent", "", ("x"):rep(300) } do
        print(select(2, pcall(function() return require(name) end)))
      end
      """)
    #expect(
      result.printed == """
        loading one
        1\ttrue\ttrue
        test.lua:3: cannot load module 'broken': broken.lua:1: <name> expected near '='
        failing.lua:1: no luck
        square.lua:1: module 'circle' requires itself in a circle
        test.lua:3: cannot load module 'absent': no file 'absent.lua'
        test.lua:3: bad argument #1 to 'require' (not a module's name)
        test.lua:3: bad argument #1 to 'require' (not a module's name)

        """, "\(result.failure)")
    #expect(sandbox.openSources == 0)
    #expect(sandbox.close() == 0)
  }
}
