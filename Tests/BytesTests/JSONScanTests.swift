import Testing

@testable import Bytes

@Suite struct JSONScanTests {
  private func shape(_ bytes: [UInt8], depthMax: Int = JSONIndex.depthDefault) -> JSONIndex.Shape {
    var index = JSONIndex()
    return withExact(bytes) { index.scan($0, depthMax: depthMax) }
  }

  private func shape(_ text: String, depthMax: Int = JSONIndex.depthDefault) -> JSONIndex.Shape {
    shape(Array(text.utf8), depthMax: depthMax)
  }

  @Test(arguments: [
    ("{}", JSONIndex.Shape.object), (" \t\r\n{ } \n", .object), ("[]", .array), ("[ ]", .array), ("\"\"", .string),
    ("0", .number), ("-0", .number), ("-0.0e-0", .number), ("1E+9", .number), ("10.25e2", .number), ("true", .bool),
    ("false", .bool), ("null", .null), ("[1,2 , [] , {},\"a\"]", .array), ("{\"a\":{\"b\":[{}]}}", .object),
    ("{\"\":0}", .object), ("{\"a\":1,\"a\":2}", .object), (#""\"\\\/\b\f\n\r\t\u0000\uD800\ude00""#, .string),
    (#""\uaBcD""#, .string), ("\"\u{7F}é😀\"", .string), ("[[[[]]],[[]]]", .array), ("123456789012345678901", .number),
    ("[null,true,false]", .array), ("{\"a\":null}", .object), ("{\"a\" : [ 1 , 2 ] , \"b\" : {\"c\" : 3 } }", .object),
  ])
  func accepts(_ text: String, _ expected: JSONIndex.Shape) {
    #expect(shape(text) == expected)
  }

  @Test(arguments: [
    "", " ", "01", "-", "-01", "1.", ".5", "1.e3", "1e", "1e+", "+1", "0x1", "1_0", "NaN", "Infinity", "-Infinity",
    "--1",
    "1 2", "tru", "truee", "True", "nul", "nulll", "fals", "{", "}", "[", "]", "[1,]", "[,1]", "[1 2]", "[1", "[1}",
    "{]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,\"a\":1}", "{\"a\":1 \"b\":2}", "{a:1}", "{'a':1}", "{1:2}",
    "{\"a\" 1}",
    "{\"a\":1}}", "{\"a\":1]", "{\"a\":[1}]", "{}x", "{} {}", "[]]", "\"", "\"a", "\"\\\"", "\"\\x\"", "\"\\u12\"",
    "\"\\u12G4\"", "\"\\u\"", "\"\\U0041\"", "\"\\\n\"", "\"a\" \"b\"", "'a'", "\u{FEFF}{}", "/**/{}", "{}//",
    "{\"a\":1;}",
    "[\u{00A0}]", "\u{0C}1", "{:1}", "{\"a\"::1}", "{\"a\":1,,\"b\":2}", "[1,,2]", "[{\"a\":[}]]", "[{\"a\"}]",
    "[{\"a\":1,}]",
    "[{1}]", "[[,]]", "{\"a\":01}", "{\"a\":-}", "\u{0}", "[\u{0}]", "1\u{0}",
  ])
  func refuses(_ text: String) {
    #expect(shape(text) == .invalid)
  }

  @Test func refusesEveryControlCharacterInStrings() {
    for control in UInt8(0)..<0x20 {
      for length in [0, 5, 15, 16, 17, 40, 63, 64, 90] {
        let body = [UInt8](repeating: UInt8(ascii: "x"), count: length)
        #expect(shape([0x22] + body + [control] + body + [0x22]) == .invalid)
      }
    }
  }

  /// Every byte after a backslash, at the block boundaries.
  @Test func allowsOnlyTheEscapesOfTheStandard() {
    let allowed = Set("\"\\/bfnrt".utf8)
    for length in [0, 3, 14, 15, 16, 47, 62, 63, 64, 70] {
      for kind in UInt8.min...UInt8.max {
        let text = [0x22] + [UInt8](repeating: 0x61, count: length) + [0x5C, kind] + Array("0041 and more\"".utf8)
        #expect((shape(text) == .string) == (allowed.contains(kind) || kind == UInt8(ascii: "u")))
      }
    }
  }

  /// A quote at every position, in texts of every length around it: each vector boundary and tail.
  @Test func findsTheClosingQuoteEverywhere() {
    for length in 0...150 {
      for tail in [0, 1, 7, 15, 16, 17, 63, 64, 65] {
        let text = [0x22] + [UInt8](repeating: 0xC3, count: length) + [0x22] + [UInt8](repeating: 0x20, count: tail)
        #expect(shape(text) == .string)
        #expect(shape(text + [0x22]) == .invalid)
        #expect(shape(Array(text[...length])) == .invalid)
        let escaped =
          [0x22] + [UInt8](repeating: 0x61, count: length) + [0x5C, 0x22] + [UInt8](repeating: 0x20, count: tail)
        #expect(shape(escaped) == .invalid)
        #expect(shape(escaped + [0x22]) == .string)
        let pairs = [0x22] + [UInt8](repeating: 0x5C, count: length) + [0x22] + [UInt8](repeating: 0x20, count: tail)
        #expect((shape(pairs) == .string) == (length % 2 == 0))
      }
    }
  }

  @Test func findsAUnicodeEscapeAcrossEveryBoundary() {
    for length in 0...140 {
      let text = Array(("\"" + String(repeating: "a", count: length) + "\\u005C\"").utf8)
      #expect(shape(text) == .string)
      for missing in 1...7 { #expect(shape(Array(text.dropLast(missing))) == .invalid) }
      for digit in 1...4 {
        var broken = text
        broken[text.count - 1 - digit] = UInt8(ascii: "g")
        #expect(shape(broken) == .invalid)
      }
    }
  }

  @Test func refusesEveryTruncation() {
    let text = Array(
      #"{"a":"x\r\ny\u00e9","b":[1,-2.5e3,{"c":[true,null,false]}],"long":"0123456789abcdef0123456789"}"#.utf8)
    #expect(shape(text) == .object)
    for length in 0..<text.count { #expect(shape(Array(text[..<length])) == .invalid, "\(length)") }
  }

  @Test func boundsNesting() {
    for depth in [1, 2, 63, 64, 65, 127, 128] {
      let lists = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
      let objects = String(repeating: "{\"a\":", count: depth) + "1" + String(repeating: "}", count: depth)
      for text in [lists, objects] {
        #expect(shape(text, depthMax: depth) != .invalid)
        #expect(shape(text, depthMax: depth - 1) == .invalid)
      }
    }
    #expect(shape("1", depthMax: 0) == .number)
    #expect(shape(String(repeating: "[", count: 1_000_000)) == .invalid)
    #expect(
      shape(String(repeating: "[{\"a\":", count: 60) + "1" + String(repeating: "}]", count: 60), depthMax: 120)
        == .array)
    #expect(
      shape(String(repeating: "[{\"a\":", count: 60) + "1" + String(repeating: "}]", count: 60), depthMax: 119)
        == .invalid)
  }

  /// Agreement with the slow decoder, on random texts and on the same with one byte changed.
  @Test func agreesWithTheReference() {
    var dice = Dice(1)
    var refused = 0
    for _ in 0..<3000 {
      var text = Array((dice.space() + dice.value(depth: 4) + dice.space()).utf8)
      #expect(shape(text) != .invalid)
      #expect(Reference(text) != nil)
      for _ in 0..<4 {
        // Only ASCII for ASCII, so that the text stays UTF-8 as the scan demands.
        let at = Int.random(in: 0..<text.count, using: &dice)
        guard text[at] < 0x80 else { continue }
        text[at] = Array("\"\\{}[],:0123456789.eE+-tfnu \n\u{1}".utf8).randomElement(using: &dice)!
        let expected = Reference(text)
        refused += expected == nil ? 1 : 0
        #expect((shape(text) == .invalid) == (expected == nil), "\(String(decoding: text, as: UTF8.self))")
      }
    }
    #expect(refused > 1000)
  }

  @Test func blocksAgreeWithEveryByte() {
    for byte in UInt8.min...UInt8.max {
      let isSpecial = byte < 0x20 || byte == 0x22 || byte == 0x5C
      for position in 0..<64 {
        for filler in [UInt8(0x61), 0xFF, 0x80, 0x21, 0x5D] {
          var bytes = [UInt8](repeating: filler, count: 64)
          bytes[position] = byte
          let expected: UInt64 = isSpecial ? 1 << UInt64(position) : 0
          bytes.withUnsafeBytes { block in
            let quarter = block.baseAddress! + position / 16 * 16
            #expect(JSONBlock.special16(quarter) == expected >> UInt64(position / 16 * 16))
            #expect(JSONBlock.portable16(quarter) == expected >> UInt64(position / 16 * 16))
            let whole = JSONBlock64(block.baseAddress!)
            #expect(whole == JSONBlock64(portable: block.baseAddress!))
            #expect(whole.backslashes | whole.stops == expected)
            #expect(whole.followers == ([0x22, 0x6E, 0x72].contains(byte) ? 1 << UInt64(position) : 0))
          }
        }
      }
    }
  }
}
