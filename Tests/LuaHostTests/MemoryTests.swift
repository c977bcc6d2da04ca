import LuaHost
import Testing

/// Every allocation from the Nth on fails, for every N: an error each time, never a leak or a crash.
@Suite struct MemoryTests {
  static let everything = """
    local library = require("library")
    local words = {}
    for word in ("the quick brown fox"):gmatch("%a+") do words[#words + 1] = word:upper() end
    table.sort(words, function(a, b) return a < b end)
    assert(table.concat(words, " ") == "BROWN FOX QUICK THE")
    assert(("key = value"):gsub("(%w+) = (%w+)", "%2 = %1") == "value = key")
    assert(("aXb"):gsub("%u", function(c) return c:lower():rep(600) end):len() == 602)
    assert(("abc"):gsub("%w", { a = "1" }) == "1bc")
    local text = [[{"a":[1,2.5,"x\\u00e9\\ud83d\\ude00"],"b":{},"c":[],"d":null}]]
    local value = assert(json.decode(text))
    assert(json.encode(value) == '{"a":[1,2.5,"xé😀"],"b":{},"c":[],"d":null}')
    assert(json.encode(json.object("z", 1, "a", ("long "):rep(500)), { indent = 2 }):len() > 2500)
    assert(select(2, json.decode("[1,")):find("ends too early"))
    local function closure(n) return function() n = n + 1 return n end end
    local counters = {}
    for i = 1, 20 do counters[i] = closure(i) end
    assert(counters[3]() == 4)
    local ok, problem = pcall(function()
      local c <close> = setmetatable({}, { __close = function() end })
      error({ 1 })
    end)
    assert(not ok and problem[1] == 1)
    assert(xpcall(error, function(m) return tostring(m) .. "!" end, "x") == false)
    assert(string.format("%5.1f|%s|%q", 3.14159, "s", "q\\n"):len() > 8)
    assert(library.twice(utf8.char(233, 8364)) == "é€é€")
    local function deep(n) if n == 0 then return 0 end return 1 + deep(n - 1) end
    assert(deep(200) == 200)
    print(table.unpack(table.pack(1, "two", 3)))
    """
  static let modules = ["library": "local l = {} function l.twice(s) return s .. s end return l"]

  @Test func openingSweep() throws {
    let whole = try #require(Sandbox())
    let allocations = whole.allocations
    #expect(whole.close() == 0)
    #expect(allocations > 100)
    // A failed opening that leaks aborts inside lh_sandbox_open.
    for n in 1...allocations {
      let sandbox = Sandbox(failFrom: n)
      #expect(sandbox == nil, "opened although allocation \(n) failed")
      if let sandbox { #expect(sandbox.close() == 0) }
    }
  }

  @Test func runningSweep() throws {
    let whole = try #require(Sandbox(modules: Self.modules))
    let opened = whole.allocations
    let result = whole.run(Self.everything)
    #expect(result.outcome == LH_OK, "\(result.failure)")
    #expect(result.printed == "1\ttwo\t3\n")
    let total = whole.allocations
    #expect(whole.close() == 0)
    #expect(total - opened > 300)
    for n in opened + 1...total {
      let sandbox = try #require(Sandbox(modules: Self.modules))
      sandbox.fail(from: n)
      let failed = sandbox.run(Self.everything)
      #expect(failed.outcome == LH_TRIPPED && failed.trip == LH_TRIP_MEMORY, "\(n): \(failed.failure)")
      #expect(failed.failure.contains("memory"), "\(n): \(failed.failure)")
      #expect(sandbox.openSources == 0)
      // The same state works once there is memory again.
      sandbox.fail(from: 0)
      let again = sandbox.run(Self.everything)
      #expect(again.outcome == LH_OK, "\(n): \(again.failure)")
      #expect(sandbox.close() == 0)
    }
  }
}
