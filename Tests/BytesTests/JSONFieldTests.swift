import Testing

@testable import Bytes

@Suite struct JSONFieldTests {
  /// The value that `key` leads to, as text.
  private func value(_ text: String, _ key: String) -> String? {
    var index = JSONIndex()
    return withExact(text.utf8) { bytes in
      index.scan(bytes)
      return index.field(key, in: bytes).map { String(decoding: bytes[$0.valueRange], as: UTF8.self) }
    }
  }

  private func value(_ text: String, path: String) -> String? {
    var index = JSONIndex()
    return withExact(text.utf8) { bytes in
      index.scan(bytes)
      return index.field(path: path, in: bytes).map { String(decoding: bytes[$0.valueRange], as: UTF8.self) }
    }
  }

  /// Asks for a text that is one value.
  private func root<Answer>(_ text: String, _ body: (JSONField, UnsafeRawBufferPointer) -> Answer) -> Answer? {
    var index = JSONIndex()
    return withExact(text.utf8) { bytes in
      index.scan(bytes)
      return index.rootField.map { body($0, bytes) }
    }
  }

  @Test func findsMembers() {
    let text = #" {"type":4, "id" : 63392831 ,"data":"x\n","":[1],"nested":{"id":5}} "#
    #expect(value(text, "type") == "4")
    #expect(value(text, "id") == "63392831")
    #expect(value(text, "data") == #""x\n""#)
    #expect(value(text, "") == "[1]")
    #expect(value(text, "nested") == #"{"id":5}"#)
    for absent in ["i", "idx", "Type", "typ", "type ", "x"] { #expect(value(text, absent) == nil) }
    #expect(value("[1]", "0") == nil)
    #expect(value("{", "a") == nil)
  }

  @Test func comparesNamesAfterTheirEscapes() {
    let text = #"{"\u0069d":1,"a\/b":2,"\ud83d\ude00":3,"\ud83d":4,"\n":5,"tab\there":6}"#
    #expect(value(text, "id") == "1")
    #expect(value(text, "a/b") == "2")
    #expect(value(text, "😀") == "3")
    #expect(value(text, "\u{FFFD}") == "4")
    #expect(value(text, "\n") == "5")
    #expect(value(text, "tab\there") == "6")
    for absent in [#"\u0069d"#, "i", "a", "tab", "tab\there!", "\n\n"] { #expect(value(text, absent) == nil) }
  }

  @Test func comparesNamesOfEveryLength() {
    for length in 0...40 {
      let name = String(repeating: "k", count: length)
      let text = "{\"\(name)x\":1,\"\(name)\":2}"
      #expect(value(text, name) == "2")
      #expect(value(text, name + "x") == "1")
      #expect(value(text, name + "y") == nil)
    }
  }

  @Test func theLastDuplicateWins() {
    #expect(value(#"{"a":1,"b":2,"a":3}"#, "a") == "3")
    #expect(value(#"{"a":1,"\u0061":2}"#, "a") == "2")
    for count in [23, 24, 25, 26, 60] {
      let members = (0..<count).map { "\"k\($0)\":\($0)" }.joined(separator: " , ")
      #expect(value("{\(members)}", "k0") == "0")
      #expect(value("{\(members)}", "k\(count - 1)") == "\(count - 1)")
      #expect(value("{\(members),\"k1\":\"last\" }", "k1") == "\"last\"")
      #expect(value("{\(members)}", "k\(count)") == nil)
    }
  }

  @Test func anIndexForgetsThePreviousText() {
    var index = JSONIndex()
    for (text, expected) in [(#"{"a":1,"b":2}"#, true), ("{}", false), (#"{"b":1}"#, true), ("[", false), ("1", false)]
    {
      withExact(text.utf8) { bytes in
        index.scan(bytes)
        #expect((index.field("b", in: bytes) != nil) == expected)
      }
    }
  }

  @Test func followsPaths() {
    let text = #"{"a":{"b":[10,{"c":"x","c":"y"},[]],"":7},"0":{"1":2},"d.e":1,"n":null}"#
    #expect(value(text, path: "a.b.0") == "10")
    #expect(value(text, path: "a.b.1.c") == "\"y\"")
    #expect(value(text, path: "a.b.2") == "[]")
    #expect(value(text, path: "a.") == "7")
    #expect(value(text, path: "0.1") == "2")
    #expect(value(text, path: "n") == "null")
    // A name with a dot in it.
    #expect(value(text, path: "d.e") == "1")
    let dead = [
      "", ".", "a.b.3", "a.b.-1", "a.b.00", "a.b.01", "a.b.2.0", "a.b.0.c", "a.b.99999999999", "n.x", "a..b",
    ]
    for path in dead { #expect(value(text, path: path) == nil, "\(path)") }
    #expect(value("[[1,2],[3]]", path: "1.0") == "3")
    #expect(value("[]", path: "0") == nil)
    #expect(value("5", path: "0") == nil)
  }

  @Test(arguments: [
    ("0", 0), ("-0", 0), ("5.0", 5), ("0.9", 0), ("-0.5", -1), ("1e3", 1000), ("1E+3", 1000), ("1.5e1", 15),
    ("15e-1", 1),
    ("-15e-1", -2), ("-20e-1", -2), ("999999999999999999", 999_999_999_999_999_999),
    ("-999999999999999999", -999_999_999_999_999_999), ("9223372036854775807", Int64.max),
    ("9223372036854775807.999", .max), ("9223372036854775808", nil), ("-9223372036854775808", .min),
    ("-9223372036854775808.0000", .min), ("-9223372036854775808.1", nil), ("-9223372036854775807.1", .min),
    ("-9223372036854775809", nil), ("922337203685477580700e-2", .max), ("9.223372036854775807e18", .max), ("1e19", nil),
    ("1e18", 1_000_000_000_000_000_000), ("0e999999999999999999999", 0), ("1e999999999999999999999", nil),
    ("1e-999999999999999999999", 0), ("-1e-999999999999999999999", -1), ("-0.0e5", 0), ("0.00012e5", 12), ("1e0", 1),
    ("18446744073709551616", nil), ("-18446744073709551615.5", nil), ("true", nil),
    ("\"5\"", nil), ("[5]", nil), ("null", nil),
  ])
  func roundsDown(_ text: String, _ expected: Int64?) {
    #expect(root(text) { $0.integer(in: $1) } ?? nil == expected)
  }

  @Test(arguments: [
    "0", "-0", "1", "-1", "0.1", "1e22", "1e23", "123456789012345", "9007199254740993", "1.7976931348623157e308",
    "5e-324",
    "2.2250738585072011e-308", "2.4703282292062327208e-324", "-1.5E-3", "1e-400", "0.000001",
    "100000000000000000000000",
    "9007199254740992.9999999999999999999999", "9007199254740993.0000000000000000000000000000000000000000000001",
  ])
  func readsTheNearestDouble(_ text: String) {
    let read = root(text) { $0.number(in: $1) } ?? nil
    #expect(read?.bitPattern == Double(text)?.bitPattern)
  }

  @Test func readsDoublesWithManyDigits() {
    // One digit past a tie, a thousand places behind: still decides the rounding.
    let tie = "9007199254740993." + String(repeating: "0", count: 1000)
    #expect(root(tie) { $0.number(in: $1) } == 9_007_199_254_740_992)
    #expect(root(tie + "1") { $0.number(in: $1) } == 9_007_199_254_740_994)
    let long = String(repeating: "9", count: 5000)
    #expect(root("0." + long) { $0.number(in: $1) } == 1)
    #expect(root(long + "e-5000") { $0.number(in: $1) } == 1)
    #expect(root("0." + String(repeating: "0", count: 5000) + "1e5001") { $0.number(in: $1) } == 1)
    #expect(root("1" + String(repeating: "0", count: 5000) + "e-5000") { $0.number(in: $1) } == 1)
    #expect(root("1e309") { $0.number(in: $1) } == .some(nil))
    #expect(root("-" + long) { $0.number(in: $1) } == .some(nil))
    #expect(root("\"1\"") { $0.number(in: $1) } == .some(nil))
  }

  @Test func decodesStrings() {
    for text in [
      #""""#, #""plain""#, #""\"\\\/\b\f\n\r\t""#, #""\u0000\u007f\u0080\u07ff\u0800\uffff""#, #""\ud83d\ude00x""#,
    ] {
      #expect(
        root(text) { $0.decoded(in: $1) }
          == Reference(Array(text.utf8)).flatMap { if case .string(let s) = $0 { s } else { nil } })
    }
    for (text, expected) in [
      (#""\ud83d""#, "\u{FFFD}"), (#""\ude00\ud83d""#, "\u{FFFD}\u{FFFD}"), (#""\ud83dx""#, "\u{FFFD}x"),
      (#""\ud83d\ud83d\ude00""#, "\u{FFFD}😀"), (#""\ud83d\n""#, "\u{FFFD}\n"), (#""\ud83d\u0041""#, "\u{FFFD}A"),
    ] {
      #expect(root(text) { $0.decoded(in: $1) } == expected)
      var queue = ByteQueue()
      let answer = root(text) { $0.string(in: $1, into: &queue) }
      #expect(answer == .mended)
    }
    #expect(root("5") { $0.decoded(in: $1) } == .some(nil))
    #expect(root(#""abc""#) { $0.plainString(in: $1)?.count } == 3)
    #expect(root(#""a\n""#) { $0.plainString(in: $1)?.count } == .some(nil))
    #expect(root("true") { $0.bool(in: $1) } == true)
    #expect(root("false") { $0.bool(in: $1) } == false)
    #expect(root("null") { $0.bool(in: $1) } == .some(nil))
  }

  /// An escape at every position of bodies of every length.
  @Test func decodesEscapesAnywhere() {
    for length in 0...70 {
      for position in 0...length {
        let before = String(repeating: "a", count: position)
        let after = String(repeating: "b", count: length - position)
        #expect(root("\"\(before)\\n\(after)\"") { $0.decoded(in: $1) } == "\(before)\n\(after)")
      }
    }
  }

  @Test func fieldsOfRandomObjectsAgreeWithTheReference() {
    var dice = Dice(2)
    for _ in 0..<1500 {
      let text = dice.object(depth: 2, members: 30)
      guard case .object(let members)? = Reference(Array(text.utf8)) else {
        Issue.record("not an object: \(text)")
        continue
      }
      for member in members {
        #expect(
          value(text, member.key).flatMap { Reference(Array($0.utf8)) } == member.value, "\(member.key) in \(text)")
      }
    }
  }
}
