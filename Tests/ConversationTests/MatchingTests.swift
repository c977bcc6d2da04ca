import Testing

@testable import Conversation

@Suite struct MatchingTests {
  private func matches(_ pattern: String, _ heard: String) throws -> Bool {
    var reader = JSONReader(Array(pattern.utf8), dialect: .hearing)
    var matching = Matching(names: Names())
    matching.match(try reader.readWhole(), try TalkValue(parsing: Array(heard.utf8)))
    return matching.differences.isEmpty
  }

  @Test(arguments: [
    ("1", "1"), ("1", "1.0"), ("1.0", "1"), ("1e2", "100"), ("-0", "0"), ("\"a\"", "\"\\u0061\""),
    ("[1,2]", " [ 1 , 2 ] "), ("[]", "[]"), ("{}", "{}"), ("{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}"),
    ("{...}", "{\"a\":1}"), ("{...}", "{}"), ("[...]", "[]"), ("[1,...]", "[1,2,3]"), ("{\"a\":$_}", "{\"a\":[]}"),
    ("[$a,$a]", "[1,1.0]"), ("{\"k\":$k,$k:2}", "{\"x\":2,\"k\":\"x\"}"), ("$a", "null"), ("[$_,$_]", "[1,2]"),
    ("\"\\ud800\"", "\"\\ud800\""), ("9223372036854775807", "9223372036854775807"), ("true", "true"),
  ])
  func same(_ pattern: String, _ heard: String) throws { #expect(try matches(pattern, heard)) }

  @Test(arguments: [
    ("1", "2"), ("1", "\"1\""), ("1", "true"), ("0", "null"), ("\"a\"", "\"A\""), ("\"é\"", "\"e\\u0301\""),
    ("[1,2]", "[2,1]"), ("[1]", "[1,2]"), ("[1,2,...]", "[1]"), ("{}", "{\"a\":1}"), ("{\"a\":1}", "{}"),
    ("{\"a\":1,...}", "{\"b\":1}"), ("[]", "{}"), ("{}", "[]"), ("[$a,$a]", "[1,2]"),
    ("{\"a\":1}", "{\"a\":1,\"a\":1}"),
    ("{\"a\":{\"b\":1}}", "{\"a\":{\"b\":1,\"c\":2}}"), ("9223372036854775807", "9223372036854775806"),
    ("9007199254740993", "9007199254740992.0"), ("{$k:1}", "{\"k\":1}"), ("true", "1"),
  ])
  func different(_ pattern: String, _ heard: String) throws { #expect(try !matches(pattern, heard)) }

  @Test func differencesHavePaths() throws {
    var reader = JSONReader(Array(#"{"a":[1,{"b":2}],"c":3}"#.utf8), dialect: .hearing)
    var matching = Matching(names: Names())
    matching.match(try reader.readWhole(), try TalkValue(parsing: Array(#"{"a":[1,{"b":9}],"d":3}"#.utf8)))
    #expect(matching.differences.map(\.path) == [".a[1].b", ".c", ".d"])
    #expect(matching.differences.map(\.heard) == ["9", "none", "3"])
  }

  @Test(arguments: [
    ("[A-Za-z0-9]{16}", "5AOuqFTa3vbyKkY6", true), ("[A-Za-z0-9]{16}", "5AOuqFTa3vbyKkY", false),
    ("[A-Za-z0-9]{16}", "5AOuqFTa3vbyKkY67", false), ("[A-Za-z0-9]{16}", "5AOuqFTa3vbyKkY-", false),
    ("a{2,3}a", "aaa", true), ("a{2,3}a", "aaaa", true), ("a{2,3}a", "aa", false), ("a{2,3}a", "aaaaa", false),
    ("x{0,2}y", "y", true), ("x{0}", "", true), ("[^a-c]{2}", "xy", true), ("[^a-c]{2}", "xb", false),
    ("\\[\\.\\]", "[.]", true), ("[0-9a-f]{2}-4", "a0-4", true), ("[a-]{2}", "a-", true), ("é", "é", true),
    ("a{0,5}a{0,5}b", "aaaaab", true), ("[\\]]", "]", true),
  ])
  func shapes(_ shape: String, _ text: String, _ holds: Bool) throws {
    #expect(try Shape(Array(shape.utf8)).matches(Array(text.utf8)) == holds)
  }

  @Test func aShapeTakesLinearTime() throws {
    let shape = try Shape(Array(String(repeating: "a{0,65536}", count: 60).utf8) + Array("b".utf8))
    #expect(!shape.matches([UInt8](repeating: UInt8(ascii: "a"), count: 20_000)))
  }

  @Test(arguments: [
    "null", "true", "[1,2.5,\"a\\n\\\"\\\\\\u0001\"]", "{\"a\":{},\"b\":[]}", "\"\\ud83d\\ude00\"", "\"\\udc00\"",
    "-12",
  ])
  func valuesAreWrittenAsTheyWereRead(_ text: String) throws {
    let value = try TalkValue(parsing: Array(text.utf8))
    #expect(try TalkValue(parsing: value.json) == value)
  }

  @Test(arguments: [
    "", " ", "nul", "tru", "[", "[1,]", "{\"a\":1,}", "{\"a\"}", "1 2", "+1", ".5", "1.", "1e", "0x1", "'a'", "\"\t\"",
    "$a", "[...]", "\u{feff}1", "NaN",
  ])
  func whatIsNotJSONIsRefused(_ text: String) {
    #expect(throws: JSONMistake.self) { try TalkValue(parsing: Array(text.utf8)) }
  }
}
