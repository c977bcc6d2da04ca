import LuaHost
import Testing

@Suite struct CoverageTests {
  private final class Lines {
    var all: [Int] = []
    var ran: [String: [Int]] = [:]
  }

  private func executable(_ source: String) -> [Int]? {
    let lines = Lines()
    let isSound = lh_executable_lines(source, source.utf8.count, Unmanaged.passUnretained(lines).toOpaque()) {
      context, line in
      Unmanaged<Lines>.fromOpaque(context!).takeUnretainedValue().all.append(Int(line))
    }
    return isSound ? Set(lines.all).sorted() : nil
  }

  private func visited(_ coverage: OpaquePointer) -> [String: [Int]] {
    let lines = Lines()
    lh_coverage_visit(coverage, Unmanaged.passUnretained(lines).toOpaque()) { context, name, ran, count in
      Unmanaged<Lines>.fromOpaque(context!).takeUnretainedValue().ran[String(cString: name!)] =
        (0..<count).filter { ran![$0] }.map { $0 + 1 }
    }
    return lines.ran
  }

  @Test(arguments: [
    ("", []), ("\n\nlocal x = 1\n", [3]), ("-- nothing\n", []), ("local function f()\n  return 1\nend\n", [2, 3]),
    ("local function f()\n  local function g()\n    return 1\n  end\nend\n", [3, 4, 5]),
    ("local t = {\n  1,\n  f = function()\n    x()\n  end,\n}\n", [1, 2, 4, 5, 6]),
    ("if a then\n  b()\nelse\n  c()\nend\n", [1, 2, 4]),
  ])
  func linesOnWhichSomethingCanRun(_ source: String, _ lines: [Int]) throws {
    #expect(try #require(executable(source)) == lines)
  }

  /// Lines far apart do not fit into the differences that Lua keeps, and neither do many instructions.
  @Test func linesFarApart() throws {
    let source =
      "a()" + String(repeating: "\n", count: 1000) + "b()\nc()\n" + String(repeating: "d() ", count: 500) + "\ne()"
    #expect(try #require(executable(source)) == [1, 1001, 1002, 1003, 1004])
  }

  @Test func whatDoesNotCompileHasNone() {
    #expect(executable("x = = 1") == nil)
    #expect(executable("\u{1b}Lua") == nil)
  }

  @Test func statesNoteWhatHasRunAndKeepTheirBudget() throws {
    let coverage = try #require(lh_coverage_open())
    defer { lh_coverage_close(coverage) }
    for source in ["local x = 1\nif x == 2 then\n  x = 3\nend\n", "local x = 2\nif x == 2 then\n  x = 3\nend\n"] {
      let sandbox = try #require(Sandbox(coverage: coverage))
      #expect(sandbox.run(source).outcome == LH_OK)
      let endless = sandbox.run("while true do end", instructions: 100_000)
      #expect(endless.trip == LH_TRIP_INSTRUCTIONS)
      #expect(sandbox.run("return 1").outcome == LH_OK)
      #expect(sandbox.close() == 0)
    }
    #expect(visited(coverage) == ["@test.lua": [1, 2, 3, 4]])
  }

  @Test func onlyWhatRanIsNotedByFile() throws {
    let coverage = try #require(lh_coverage_open())
    defer { lh_coverage_close(coverage) }
    let sandbox = try #require(
      Sandbox(modules: ["m": "local m = {}\nfunction m.f()\n  return 1\nend\nreturn m"], coverage: coverage))
    #expect(sandbox.run("local m = require \"m\"\nif not m then\n  m.f()\nend").outcome == LH_OK)
    #expect(visited(coverage) == ["@test.lua": [1, 2, 4], "@m.lua": [1, 4, 2, 5].sorted()])
    #expect(sandbox.close() == 0)
  }
}
