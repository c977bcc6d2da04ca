import LuaHost
import Testing

/// What a script can reach, and what it cannot change.
@Suite struct GlobalsTests {
  @Test func allowListIsExactlyThis() throws {
    let sandbox = try #require(Sandbox())
    let result = sandbox.run(
      """
      local names = {}
      for name in next, _ENV do names[#names + 1] = name end
      table.sort(names)
      print(table.concat(names, " "))
      """)
    #expect(
      result.printed == """
        assert error getmetatable ipairs json math next pairs pcall print rawequal rawget rawlen rawset require \
        select setmetatable string table tonumber tostring type utf8 xpcall

        """)
    #expect(sandbox.close() == 0)
  }

  @Test(arguments: [
    "os", "io", "debug", "package", "load", "loadstring", "dofile", "loadfile", "collectgarbage", "coroutine", "_G",
  ])
  func dangerousGlobalsAreUnknown(name: String) throws {
    let sandbox = try #require(Sandbox())
    let result = sandbox.run("return \(name)")
    #expect(result.outcome == LH_RAISED)
    #expect(result.failure.contains("test.lua:1: unknown global '\(name)'"))
    #expect(sandbox.close() == 0)
  }

  @Test(
    arguments: [
      ("return prnt", "unknown global 'prnt' (did you mean 'print'?)"),
      ("return quite_unlike_anything", "unknown global 'quite_unlike_anything'\n"),
      ("count = 1", "cannot create the global 'count': write 'local count' where it is first set"),
      ("print = 1", "cannot assign to the built-in global 'print'"),
      ("string.find = print", "cannot set 'find': the table 'string' is read-only"),
      ("json.extra = 1", "cannot set 'extra': the table 'json' is read-only"),
      ("rawset(table, 'x', 1)", "the table 'table' is read-only"),
      ("rawset(_ENV, 'x', 1)", "the table '_ENV' is read-only"),
      ("setmetatable(_ENV, nil)", "cannot change a protected metatable"),
      ("setmetatable(math, {})", "cannot change a protected metatable"),
      ("setmetatable({}, { __gc = print })", "a metatable must not have '__gc'"),
      ("table.insert(utf8, 1)", "cannot set '1': the table 'utf8' is read-only"),
      ("local x = string.dump", nil),
      ("assert(string.dump == nil and math.randomseed == nil)", nil),
      ("assert(getmetatable('') == false)", nil),
      ("assert(getmetatable(string) == false and getmetatable(_ENV) == false)", nil),
      ("assert(getmetatable(json.null) == false and getmetatable(json.array()) == false)", nil),
      ("assert(next(string) == nil and ('x').find == string.find)", nil),
      ("pcall = nil", "cannot assign to the built-in global 'pcall'"),
    ] as [(String, String?)])
  func lockedTables(source: String, failure: String?) throws {
    let sandbox = try #require(Sandbox())
    let result = sandbox.run(source)
    if let failure {
      #expect(result.outcome == LH_RAISED)
      #expect(result.failure.contains(failure), "\(result.failure)")
    } else {
      #expect(result.outcome == LH_OK, "\(result.failure)")
    }
    // The state is as good as new.
    #expect(sandbox.run("print(#'ok')").printed == "2\n")
    #expect(sandbox.close() == 0)
  }

  @Test func bytecodeIsRefused() throws {
    let sandbox = try #require(Sandbox())
    let result = sandbox.run("\u{1b}Lua")
    #expect(result.outcome == LH_SYNTAX_ERROR)
    #expect(result.failure.contains("attempt to load a binary chunk"))
    #expect(sandbox.close() == 0)
  }

  @Test func syntaxErrorsCarryTheirLine() throws {
    let sandbox = try #require(Sandbox())
    let result = sandbox.run("local x =\n= 1")
    #expect(result.outcome == LH_SYNTAX_ERROR)
    #expect(result.failure.contains("test.lua:2:"))
    #expect(sandbox.close() == 0)
  }

  @Test func randomComesFromTheSeed() throws {
    let one = try #require(Sandbox())
    let other = try #require(Sandbox())
    let draw = "print(math.random(1 << 40), math.random())"
    #expect(one.run(draw).printed == other.run(draw).printed)
    #expect(one.run(draw).printed != one.run(draw).printed)
    #expect(one.close() == 0 && other.close() == 0)
  }

  @Test func printJoinsWithTabs() throws {
    let sandbox = try #require(Sandbox())
    let result = sandbox.run(
      "print(1, 2.5, nil, true, 'x', setmetatable({}, { __tostring = function() return 'me' end })) print()")
    #expect(result.printed == "1\t2.5\tnil\ttrue\tx\tme\n\n")
    #expect(sandbox.close() == 0)
  }

  @Test func protectedCallsAreLikeLuas() throws {
    let sandbox = try #require(Sandbox())
    let result = sandbox.run(
      """
      print(pcall(function(...) return ... end, 1, nil, 3))
      print(pcall(error, { 1 } and "plain", 0))
      print(select("#", pcall(error)))
      print(xpcall(function(a, b) return a, b end, print, 7, 8))
      print(xpcall(function(a) error(a, 0) end, function(m) return "handled " .. m end, "this"))
      print(pcall(pcall))
      print(pcall(xpcall, print, 1))
      local log = {}
      do local c <close> = setmetatable({}, { __close = function() log[1] = "closed" end }) end
      print(log[1])
      """)
    #expect(
      result.printed == """
        true\t1\tnil\t3
        false\tplain
        2
        true\t7\t8
        false\thandled this
        false\tbad argument #1 to 'pcall' (value expected)
        false\tbad argument #2 to 'xpcall' (function expected, got number)
        closed

        """, "\(result.failure)")
    #expect(sandbox.close() == 0)
  }
}
