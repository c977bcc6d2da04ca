import LuaHost
import Testing

/// Scripts that try to take more than their share. Each ends in time, says why, and leaves a state that works.
@Suite(.serialized) struct HostileTests {
  struct Attack: Sendable, CustomTestStringConvertible {
    var name: String
    /// Run first, under a generous budget; what it puts into `state` stays alive.
    var prepare = ""
    var source: String
    var trips: [lh_trip] = [LH_TRIP_INSTRUCTIONS, LH_TRIP_TIME]
    var testDescription: String { name }
  }

  static let memory: [lh_trip] = [LH_TRIP_INSTRUCTIONS, LH_TRIP_TIME, LH_TRIP_MEMORY]
  static let numbers = "local t = {} for i = 1, 3000 do t[i] = i end "
  static let twins = "local s, m = require('state'), ('x'):rep(1024):rep(8192) s.a, s.b = m .. 'a', m .. 'b'"
  static let hugeLength = "__len = function() return 1 << 50 end"
  static func closing(_ handler: String) -> String {
    "while true do pcall(function() local c <close> = setmetatable({}, { __close = function() \(handler) end }) "
      + "while true do end end) end"
  }

  static let attacks: [Attack] = [
    Attack(name: "endless loop", source: "while true do end"),
    Attack(name: "pcall around an endless loop", source: "while true do pcall(function() while true do end end) end"),
    Attack(name: "pcall of nothing", source: "while true do pcall(error) end"),
    Attack(
      name: "memory bomb", source: "local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(4000) .. i end", trips: memory),
    Attack(
      name: "pcall around a memory bomb",
      source: "while true do pcall(function() local t = {} for i = 1, 1e9 do t[i] = { i } end end) end", trips: memory),
    Attack(name: "string doubling", source: "local s = 'x' while true do s = s .. s end", trips: memory),
    Attack(
      name: "string doubling in pcall",
      source: "local s = 'x' while true do pcall(function() while true do s = s .. s end end) end", trips: memory),
    Attack(name: "lazy pattern", source: "('a'):rep(2000):find('.-.-b')"),
    Attack(name: "nested repetitions", source: "('a'):rep(2000):match(('a*'):rep(20) .. 'b')"),
    Attack(name: "balanced at every start", source: "('('):rep(20000):find('%b()x')"),
    Attack(name: "big set", source: "('b'):rep(5000):gsub('[' .. ('a'):rep(5000) .. ']', '')"),
    Attack(name: "plain find", source: "local s = ('a'):rep(20000) while true do s:find('aaab', 1, true) end"),
    Attack(name: "gmatch", source: "for a in ('a'):rep(5000):gmatch('.-.-b') do end"),
    Attack(name: "repeating nothing", source: "while true do local s = (''):rep(1 << 60) end"),
    Attack(name: "repeating often", source: "while true do local s = ('x'):rep(1e5) end", trips: memory),
    Attack(name: "repeating what is too large", source: "while true do pcall(string.rep, 'xy', 1 << 62) end"),
    Attack(name: "repeating much", source: "local s = ('x'):rep(1e9)", trips: memory),
    Attack(name: "repeating a separator", source: "local s = (''):rep(1e12, ',')", trips: memory),
    Attack(name: "packing", source: "local s = string.pack('c2000000000', '')", trips: memory),
    Attack(
      name: "error object whose text loops",
      source: "error(setmetatable({}, { __tostring = function() while true do end end }))"),
    Attack(name: "handler that loops", source: "xpcall(error, function() while true do end end)"),
    Attack(name: "handler that fails", source: "while true do xpcall(error, function() error() end) end"),
    Attack(
      name: "loop with a handler that loops",
      source: "xpcall(function() while true do end end, function() while true do end end)"),
    Attack(name: "closing handler that loops", source: closing("while true do end")),
    Attack(name: "closing handler that replaces the error", source: closing("error('mine')")),
    Attack(name: "move", source: "table.move({}, 1, 1e9, 1)"),
    Attack(name: "move backwards", source: "table.move({}, 1, 1e9, 2)"),
    Attack(name: "insert at huge length", source: "table.insert(setmetatable({}, { \(hugeLength) }), 1, 1)"),
    Attack(name: "remove at huge length", source: "table.remove(setmetatable({}, { \(hugeLength) }), 1)"),
    Attack(
      name: "sort of a huge length",
      source:
        "table.sort(setmetatable({}, { __len = function() return 1 << 30 end, __index = function() return 1 end }))"),
    Attack(
      name: "concat of a huge length",
      source: "table.concat(setmetatable({}, { \(hugeLength), __index = function() return '' end }))", trips: memory),
    Attack(name: "sorting for ever", source: numbers + "while true do table.sort(t) end"),
    Attack(
      name: "sort with a lying order", source: numbers + "while true do table.sort(t, function() return true end) end"),
    Attack(
      name: "next over a hollow table",
      prepare: "local t = {} for i = 1, 4e5 do t[i] = i end for i = 1, 4e5 do t[i] = nil end require('state').t = t",
      source: "local t = require('state').t while true do next(t) end"),
    Attack(
      name: "ordering long strings", prepare: twins,
      source: "local s = require('state') local a, b = s.a, s.b while true do local c = a < b end"),
    Attack(
      name: "long strings for equality", prepare: twins,
      source: "local s = require('state') local a, b = s.a, s.b while true do local c = a == b end"),
    Attack(
      name: "numbers in long strings", prepare: "require('state').n = (' '):rep(1024):rep(4096) .. '1'",
      source: "local n = require('state').n while true do local m = n + 1 end"),
    Attack(name: "deep recursion", source: "local function f() return 1 + f() end f()", trips: [LH_TRIP_STACK]),
    Attack(
      name: "deep recursion in pcall", source: "local function f() return 1 + f() end while true do pcall(f) end",
      trips: [LH_TRIP_STACK]),
    Attack(
      name: "a table that calls itself",
      prepare: "local function f(n) return n > 0 and 1 + f(n - 1) or 0 end f(1000)",
      source: "local t = setmetatable({}, {}) getmetatable(t).__call = t t()", trips: [LH_TRIP_STACK, LH_TRIP_TIME]),
    Attack(
      name: "decoding", source: "local s = '[' .. ('1,'):rep(1000) .. '1]' while true do json.decode(s) end",
      trips: memory),
    Attack(name: "encoding", source: numbers + "while true do json.encode(t) end", trips: memory),
    Attack(name: "unpacking", source: numbers + "while true do table.unpack(t) end"),
    Attack(name: "bytes", source: "local s = ('x'):rep(3000) while true do s:byte(1, -1) end"),
    Attack(
      name: "formatting", source: "local s = ('x'):rep(1e5) while true do string.format('%s%q', s, s) end",
      trips: memory),
    Attack(name: "counting characters", source: "local s = ('x'):rep(1e5) while true do utf8.len(s) end"),
  ]

  @Test(arguments: attacks) func endsInTime(attack: Attack) throws {
    let sandbox = try #require(Sandbox(modules: ["state": "return {}"]))
    #expect(sandbox.run("require('state') print(('warm'):rep(2))").outcome == LH_OK)
    let prepared = sandbox.run(attack.prepare)
    #expect(prepared.outcome == LH_OK, "\(prepared.failure)")
    sandbox.collect()
    let before = sandbox.bytes

    let result = sandbox.run(attack.source, instructions: 1_000_000, nanoseconds: 10_000_000)
    #expect(result.outcome == LH_TRIPPED, "\(result.failure)")
    #expect(attack.trips.contains(result.trip), "\(result.trip) \(result.failure)")
    let reasons = ["budget exhausted", "out of memory", "stack overflow"]
    #expect(reasons.contains { result.failure.contains($0) }, "\(result.failure)")
    #expect(result.duration < .milliseconds(100), "\(result.duration)")

    // Lua gives back half of its unused call records at each collection.
    for _ in 0..<3 { sandbox.collect() }
    #expect(sandbox.bytes < before + 65536, "\(before) bytes before, \(sandbox.bytes) after")
    #expect(sandbox.run("print(('after'):upper():match('%u+'))").printed == "AFTER\n")
    #expect(sandbox.close() == 0)
  }

  /// A text costs what it is long, however small the pieces: 64 bytes a step, here and in what is allocated.
  @Test func repeatingCostsWhatItMakes() throws {
    let sandbox = try #require(Sandbox())
    #expect(sandbox.run("local s = ('a'):rep(1000000)", instructions: 60_000).outcome == LH_OK)
    #expect(sandbox.run("local s = ('a'):rep(1000000)", instructions: 15_000).trip == LH_TRIP_INSTRUCTIONS)
    #expect(sandbox.run("local s = (''):rep(math.maxinteger)", instructions: 100).outcome == LH_OK)
    #expect(sandbox.close() == 0)
  }

  /// Bounded without any budget: an ordinary error that scripts may catch.
  @Test(arguments: [
    "local function f() return (('a'):gsub('.', f)) end f()",
    "local function f() table.sort({ 1, 2 }, f) end f()",
    "local function f() assert(pcall(f)) error('C stack overflow') end f()",
    "local t = setmetatable({}, { __tostring = function(t) return tostring(t) end }) tostring(t)",
    "table.unpack({}, 1, 1e8)",
    "table.unpack(setmetatable({}, { __len = function() return 1 << 60 end }))",
    "('x'):rep(1e4):byte(1, -1)",
    "('a'):rep(300):find(('a?'):rep(250))",
  ])
  func deepNestingIsAnError(source: String) throws {
    let sandbox = try #require(Sandbox())
    let result = sandbox.run(source)
    #expect(result.outcome == LH_RAISED, "\(result.failure)")
    let reasons = ["C stack overflow", "too many results", "slice too long", "too complex"]
    #expect(reasons.contains { result.failure.contains($0) }, "\(result.failure)")
    #expect(sandbox.run("print(pcall(function() \(source) end))").printed.hasPrefix("false\t"))
    #expect(sandbox.close() == 0)
  }

  /// The cap holds although pcall tries to swallow it, and what the script held is given back.
  @Test func memoryCapTripsAndRecovers() throws {
    let sandbox = try #require(Sandbox(memory: 1 << 20))
    let before = sandbox.bytes
    let result = sandbox.run(
      "pcall(function() local t = {} for i = 1, 1e9 do t[i] = { i } end end) print('survived')")
    #expect(result.outcome == LH_TRIPPED && result.trip == LH_TRIP_MEMORY)
    #expect(result.failure.contains("test.lua:1: out of memory (the cap is 1024 KiB)"), "\(result.failure)")
    #expect(result.printed == "")
    #expect(sandbox.bytes < before + 16384)
    #expect(sandbox.run("for i = 1, 100000 do local t = { i } end print('fine')").printed == "fine\n")
    #expect(sandbox.close() == 0)
  }
}
