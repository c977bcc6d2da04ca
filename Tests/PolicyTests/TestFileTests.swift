import Lobby
import Testing

@testable import Policy

@Suite struct TestFileTests {
  private func file(
    _ source: String, modules: [String: String] = [:], print: @escaping (String) -> Void = { _ in }
  ) -> TestFile {
    TestFile(
      script: Script(path: "x_test.lua", source: Array(source.utf8)), shared: ["plugins"],
      read: { modules[$0].map { Array($0.utf8) } }, print: print)
  }

  /// Runs the only test of a file with this body; nil when it passes.
  private func failure(
    _ body: String, modules: [String: String] = [:], answer: @escaping TestFile.Answer = { _ in [] }
  ) -> String? {
    do throws(TestFile.Failure) {
      try file("return { test = function(t)\n\(body)\nend }", modules: modules).run("test", answer: answer)
      return nil
    } catch {
      return "\(error.line.map(String.init) ?? "-") \(error.message)"
    }
  }

  @Test func testsComeInTheOrderOfTheFile() throws {
    let source = """
      local tests = {}
      function tests.z() end
      function tests.a() end
      function tests.m() end
      return tests
      """
    #expect(try file(source).tests() == ["z", "a", "m"])
  }

  private static let unsound: [(String, Int?, String)] = [
    ("return 1", nil, "the file returns number; it ends with 'return tests', a table of functions"),
    ("local x", nil, "the file returns nothing; it ends with 'return tests', a table of functions"),
    ("return {}", nil, "there are no tests in the table that it returns"),
    ("return { 1 }", nil, "tests are functions under names, not a number"),
    ("\n\n}", 3, "unexpected symbol near '}'"),
    ("\nerror('no')", 2, "no"), ("while true do end", 1, "instruction budget exhausted (100000000 instructions)"),
  ]

  @Test(arguments: unsound)
  func filesThatAreNone(_ source: String, _ line: Int?, _ message: String) {
    #expect {
      try file(source).tests()
    } throws: { error in
      let failure = error as? TestFile.Failure
      return failure?.line == line && failure?.message == message
    }
  }

  private static let long = String(repeating: "é", count: 40)

  /// What a test does, and how it fails.
  private static let failures: [(String, String?)] = [
    ("t.equal(1, 1.0)", nil), ("t.equal({ a = { 1 } }, { a = { 1 } })", nil), ("t.equal(json.null, json.null)", nil),
    ("t.equal(1, 2)", "2 expected 2, got 1"), ("\nt.equal(nil, 'x')", "3 expected \"x\", got nil"),
    ("t.equal({}, { a = 1 })", "2 expected {\"a\": 1}, got []; at .a expected 1, got nil"),
    ("t.equal({ a = 1 }, {})", "2 expected [], got {\"a\": 1}; at .a expected nil, got 1"),
    ("t.equal({ { 1, 2 } }, { { 1, 3 } })", "2 expected [[1, 3]], got [[1, 2]]; at [1][2] expected 3, got 2"),
    (
      "t.equal({ ['a b'] = true }, { ['a b'] = false })",
      "2 expected {\"a b\": false}, got {\"a b\": true}; at [\"a b\"] expected false, got true"
    ),
    ("t.equal('\\xff', '\\n')", "2 expected \"\\n\", got \"\\xff\""),
    (
      "t.equal(('x'):rep(500), '')",
      "2 expected \"\", got \"" + String(repeating: "x", count: 399)
        + "… (502 bytes); from byte 1 on expected \"\", got \""
        + String(repeating: "x", count: 41) + "\"…"
    ),
    (
      "local a = ('é'):rep(40) t.equal({ s = a .. 'x' }, { s = a .. 'y' })",
      "2 expected {\"s\": \"\(long)y\"}, got {\"s\": \"\(long)x\"}; at .s expected \"\(long)y\", got \"\(long)x\"; "
        + "from byte 81 on expected …\"éééééééééé" + "y\", got …\"éééééééééé" + "x\""
    ),
    ("local a, b = {}, {} a.a = a b.a = b t.equal(a, b)", "2 these tables are nested too deep to compare"),
    ("t.fails(function() error('it broke') end)", nil), ("t.fails(function() error('it broke') end, 'broke')", nil),
    ("t.fails(function() end)", "2 expected an error, got none"),
    ("t.fails(function() error('a', 0) end, 'b')", "2 expected an error with \"b\", got \"a\""),
    ("error('plain')", "2 plain"), ("error('bare', 0)", "2 bare"), ("error({})", nil),
    ("local x = nil + 1", "2 attempt to perform arithmetic on a nil value"),
    ("while true do end", "2 instruction budget exhausted (100000000 instructions)"),
    ("pcall(function() while true do end end)", "2 instruction budget exhausted (100000000 instructions)"),
    ("t.after(10) t.equal(relay.now(), 1700000010)", nil), ("t.after(-1)", "2 after wants seconds"),
    ("local settings = relay.settings { a = 1 } t.equal(settings.a, 1)", nil),
    ("t.equal(random.integer(1, 10) <= 10, true) t.equal(#crypto.sha256('') > 0, true)", nil),
  ]

  @Test(arguments: failures)
  func failuresNameLineAndValues(_ body: String, _ expected: String?) {
    if body == "error({})" {
      #expect(failure(body)?.hasPrefix("2 table: ") == true)
    } else {
      #expect(failure(body) == expected)
    }
  }

  /// Where there is no memory there may be no place either.
  @Test func memoryIsBounded() {
    let body = "local s = {} while true do s[#s + 1] = ('x'):rep(9999) .. #s end"
    #expect(failure(body)?.hasSuffix(" out of memory (the cap is 32768 KiB)") == true)
  }

  @Test func anErrorInAModuleTellsBothPlaces() {
    let modules = ["./m.lua": "return function()\n  error('no')\nend"]
    #expect(failure("\nrequire('m')()", modules: modules) == "3 ./m.lua:2: no")
    #expect(failure("require('n')") == "2 cannot load module 'n': no file n.lua in ., plugins")
  }

  @Test func eachTestHasAStateOfItsOwn() throws {
    let tests = file(
      """
      local m = require "m"
      local function test(t) t.equal(m.count, 0) m.count = m.count + 1 end
      return { one = test, two = test }
      """, modules: ["./m.lua": "return { count = 0 }"])
    for name in ["one", "two", "one"] { try tests.run(name) { _ in [] } }
  }

  @Test func questionsAndAnswersArePlainValues() {
    var asked: [[PlainValue?]] = []
    let answer: TestFile.Answer = { question throws(TestFile.Refusal) in
      asked.append(question)
      if question.count == 1 { return [.integer(7)] }
      if question.first == .text(Array("plugin".utf8)) { throw TestFile.Refusal("no plugin here") }
      return []
    }
    #expect(failure("t.serve('p.lua', { a = true })", answer: answer) == nil)
    #expect(
      asked == [
        [.text(Array("server".utf8))],
        [.text(Array("set".utf8)), .integer(7), .text(Array("a".utf8)), .text(Array("true".utf8))],
        [.text(Array("serve".utf8)), .integer(7), .text(Array("p.lua".utf8))],
      ])
    #expect(failure("t.serve('p.lua', {}, { plugins = { 'x' } })", answer: answer) == "2 no plugin here")
  }

  @Test func printedLinesAreHandedOut() throws {
    var lines: [String] = []
    try file("return { test = function() print('a', 1) end }", print: { lines.append($0) }).run("test") { _ in [] }
    #expect(lines == ["a\t1"])
  }

  @Test func coverageNotesFilesByTheirPath() throws {
    let coverage = try #require(Coverage())
    let tests = TestFile(
      script: Script(
        path: "x_test.lua", source: Array("local m = require 'm'\nreturn { a = function() m() end }".utf8)),
      shared: [], coverage: coverage, read: { _ in Array("return function()\n  return 1\nend".utf8) }, print: { _ in })
    #expect(try tests.tests() == ["a"])
    #expect(coverage.files["./m.lua"]?.contains(2) == false)
    try tests.run("a") { _ in [] }
    #expect(coverage.files["./m.lua"]?.contains(2) == true)
    #expect(coverage.files.keys.sorted() == ["./m.lua", "x_test.lua"])
  }
}
