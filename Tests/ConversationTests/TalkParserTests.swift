import Testing

@testable import Conversation

@Suite struct TalkParserTests {
  private func mistake(_ text: String) -> String? {
    do throws(TalkError) {
      _ = try TalkParser.parse(Array(text.utf8), file: "t.talk")
      return nil
    } catch {
      return error.description
    }
  }

  /// Each line stands after `Ana connects`; the message must start so.
  @Test(arguments: [
    ("ana connects", "2:1: expected a step: a peer's name with a capital"),
    ("Ana", "2:4: expected >>, <<, connects, closes, drops, hears nothing, is closed"),
    ("Ana sings", "2:5: expected >>, <<, connects"),
    ("Ana and", "2:8: expected a peer's name with a capital, found the end of the line; for example: Ana connects"),
    ("Ana and Ana hear nothing", "2:9: expected another peer than Ana"),
    ("Ana connects", "2:1: Ana is connected already; for example: Ana closes"),
    ("Bob >> 1", "2:1: Bob is not connected here; for example: Bob connects"),
    ("Bob << 1", "2:1: Bob has not connected before; for example: Bob connects"),
    ("Ana >>", "2:7: expected JSON, text \"…\", binary, repeat, pong, ping or raw bytes, found the end of the line"),
    ("Ana << hello", "2:8: expected JSON, text \"…\", binary, repeat, pong, found \"hello\""),
    ("Ana >> {\"a\":}", "2:13: expected a JSON value; for example: Ana >> {\"type\":0,\"data\":$lobby}"),
    ("Ana >> {\"a\":1", "2:14: expected , or } in an object"),
    ("Ana >> [1", "2:10: expected , or ] in an array"),
    ("Ana >> {\"a\" 1}", "2:13: expected : after a key"),
    ("Ana >> {a:1}", "2:9: expected a key in double quotes"),
    ("Ana >> {\"a\":$_}", "2:15: $_ matches anything, so it cannot be sent"),
    ("Ana >> text \"$_\"", "2:13: $_ matches anything, so it cannot be sent"),
    ("Ana >> {\"a\":1,...}", "2:15: expected a key in double quotes"),
    ("Ana << {...,\"a\":1}", "2:12: expected } after ..., which comes last"),
    ("Ana << [...,1]", "2:12: expected ] after ..., which comes last"),
    ("Ana << {\"a\":1,\"a\":2}", "2:18: the same key twice in one object"),
    ("Ana << {$_:1}", "2:11: $_ cannot be a key"),
    ("Ana >> $", "2:9: expected a name of 1 to 64 letters, digits and _ after $"),
    ("Ana >> 01", "2:9: expected nothing after the JSON value"),
    ("Ana >> 1e999", "2:13: number out of range"),
    ("Ana >> -", "2:9: expected a digit"),
    ("Ana >> \"\\q\"", "2:11: no such escape in JSON"),
    ("Ana >> \"\\u12\"", "2:11: expected four hexadecimal digits after \\u"),
    ("Ana >> \"a", "2:10: expected \" at the end of a string"),
    ("Ana >> text hello", "2:13: expected a text in double quotes, found \"hello\""),
    ("Ana >> text \"hello", "2:19: expected a closing quote, found the end of the line"),
    ("Ana >> text \"a\"b", "2:16: expected a space after the closing quote"),
    ("Ana >> text \"a\" b", "2:17: expected the end of the line, found \"b\""),
    ("Ana >> text \"\\q\"", "2:14: no such escape; there are \\n"),
    ("Ana >> text \"\\xg0\"", "2:16: expected two hexadecimal digits after \\x"),
    ("Ana >> text \"\\u{d800}\"", "2:16: expected a character such as \\u{1F600}"),
    ("Ana >> text \"$ 5\"", "2:15: expected a name after $ (write \\$ for the character itself)"),
    ("Ana >> text \"${a\"", "2:17: expected } after the name"),
    ("Ana >> binary 0", "2:15: expected pairs of hexadecimal digits"),
    ("Ana >> binary 0g", "2:15: expected pairs of hexadecimal digits"),
    ("Ana >> raw bytes", "2:17: expected pairs of hexadecimal digits"),
    ("Ana >> repeat x \"y\"", "2:15: expected a count from 0 to 67108864, found \"x\""),
    ("Ana >> repeat 2 \"$y\"", "2:15: expected a text without $names"),
    ("Ana >> repeat 67108864 \"ab\"", "2:15: more than 67108864 bytes"),
    ("Ana << ping", "2:8: expected JSON"),
    ("Ana hears music", "2:5: expected >>, <<, connects"),
    ("Ana hears nothing more", "2:19: expected the end of the line, found \"more\""),
    ("Ana is closed 400", "2:15: expected a close code from 1000 to 4999, found \"400\""),
    ("Ana is closed 4000 bye", "2:20: expected a reason in double quotes"),
    ("Ana closes now", "2:12: expected a close code from 0 to 65535, found \"now\""),
    ("Ana is refused", "2:15: expected a status from 200 to 599, found the end of the line"),
    ("Ana has subprotocol chat", "2:21: expected a subprotocol in double quotes"),
    ("after 10", "2:7: expected a time of up to 24 hours in ms, s or m, found \"10\"; for example: after 10s"),
    ("after 25h", "2:7: expected a time of up to 24 hours"),
    ("after 99999999s", "2:7: expected a time of up to 24 hours"),
    ("GET status", "2:5: expected a path that starts with /"),
    ("GET /a and more", "2:8: expected from an address, with header or with body, found \"and\""),
    ("GET /a with header \"x\"", "2:20: expected a header such as \"Name: value\""),
    ("GET /a", "2:1: a request whose reply is not stated; for example: reply 200"),
    ("GET /a\nAna hears nothing", "3:1: the reply of line 2 comes first"),
    ("reply 200", "2:1: no request to reply to"),
    ("header \"a: b\"", "2:1: no reply to have a header"),
    ("reload", "2:7: expected the path of a script"),
    ("drain", "2:6: expected a time of up to 24 hours in ms, s or m, found the end of the line"),
    ("expect lobby matches x", "2:8: expected a $name"),
    ("expect $lobby is x", "2:15: expected matches, in or differs from"),
    ("expect $lobby matches", "2:22: expected a shape"),
    ("expect $lobby matches a+", "2:24: a shape has characters, classes and {m,n} only; write \\ before it"),
    ("expect $lobby matches [a", "2:25: expected a class such as [A-Za-z0-9]"),
    ("expect $lobby matches [z-a]", "2:27: a range that ends before it starts"),
    ("expect $lobby matches a{3,2}", "2:28: expected {n} or {m,n} with m up to n"),
    ("expect $lobby matches a{}", "2:25: expected a count up to 65536"),
    ("expect $id in 5..2", "2:15: expected a range of whole numbers"),
    ("expect $a differs from b", "2:24: expected a $name"),
    ("expect $_ in 1..2", "2:9: $_ has no value"),
    ("policy a.lua", "2:1: policy, plugin, set, limit and skip come before the first step of a conversation"),
    ("... and more\nAna drops", "3:1: `... and more` is the last step of a conversation"),
    ("---", "2:4: expected a title after ---"),
    ("--- two", "2:1: a conversation without a step"),
  ])
  func mistakesSayWhereAndWhat(_ line: String, _ expected: String) {
    let told = mistake("Ana connects\n" + line) ?? "no mistake"
    #expect(told.hasPrefix("t.talk:" + expected), "\(told)")
  }

  @Test(arguments: [
    ("set = 2", "1:5: expected the name of a setting"), ("set a 2", "1:7: expected = after the name"),
    ("set a = b", "1:9: expected a JSON value"), ("limit a = x", "1:11: expected a whole number from 0 to"),
    ("limit = 1", "1:7: expected the name of a limit"), ("policy", "1:7: expected the path of a script"),
    ("plugin", "1:7: expected the path of a script"), ("skip it", "1:6: expected live, found \"it\""),
    ("skip live", "1:10: expected a reason in double quotes"),
    ("skip live \"$a\"", "1:11: expected a reason without $names"),
    ("Ana connects at /", "1:14: expected to /path, from an address, with header or with subprotocol, found \"at\""),
    ("Ana connects to x", "1:17: expected a path that starts with /"),
    ("Ana connects with header \"a b: c\"", "1:26: expected a header such as"),
    ("Bob hears nothing", "1:1: Bob has not connected before"), ("", "1:1: a conversation without a step"),
  ])
  func mistakesBeforeTheFirstStep(_ line: String, _ expected: String) {
    let told = mistake(line) ?? "no mistake"
    #expect(told.hasPrefix("t.talk:" + expected), "\(told)")
  }

  @Test func setUpBeforeTheFirstTitleCountsForAll() throws {
    let text = """
      # Several
      policy a.lua
      set x = 1
      limit n = 5
      --- One
      set x = "two"
      skip live "slow"
      Ana connects
      --- Two
      plugin b.lua
      Ana connects
      """
    let all = try TalkParser.parse(Array(text.utf8), file: "t.talk")
    #expect(all.map(\.title) == ["One", "Two"])
    #expect(all.map(\.policy?.value) == ["a.lua", "a.lua"])
    #expect(all.map { $0.settings.map(\.value) } == [[.string("two")], [.integer(1)]])
    #expect(all.map { $0.limits.map(\.value) } == [[5], [5]])
    #expect(all.map(\.plugins.count) == [0, 1])
    #expect(all.map(\.skipsLive) == ["slow", nil])
  }

  @Test func titles() throws {
    #expect(try conversation("## First words\n# Second\nAna connects").title == "First words")
    #expect(try conversation("Ana connects").title == "test.talk")
    let both = try TalkParser.parse(Array("# a\nAna connects\n--- b\nAna connects".utf8), file: "t")
    #expect(both.map(\.title).last == "b")
    #expect(both.count == 2)
    #expect(both[0].title == "a")
  }

  @Test func sizesAreBounded() {
    let long = String(repeating: "x", count: TalkLimits.lineBytesMax)
    #expect(mistake("# \(long)")?.contains("a line of more than") == true)
    #expect(mistake("#" + long.dropFirst() + "\nAna connects") == nil)
    let steps = String(repeating: "after 1s\n", count: TalkLimits.stepsMax)
    #expect(mistake(steps) == nil)
    #expect(mistake(steps + "after 1s")?.contains("more than 100000 steps") == true)
    let names = (0..<TalkLimits.namesMax).map { "Ana << $n\($0)\n" }.joined()
    #expect(mistake("Ana connects\n" + names) == nil)
    #expect(mistake("Ana connects\n" + names + "Ana << $more")?.contains("more than 10000 names") == true)
    let actors = (0..<TalkLimits.actorsMax).map { "A\($0) connects\n" }.joined()
    #expect(mistake(actors) == nil)
    #expect(mistake(actors + "Bob connects")?.contains("more than 1000 peers") == true)
    let deep = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
    #expect(mistake("Ana connects\nAna >> \(deep)") == nil)
    #expect(mistake("Ana connects\nAna >> [\(deep)]")?.contains("nested deeper than 64") == true)
    let clauses = String(repeating: " with header \"a: b\"", count: 65)
    #expect(mistake("Ana connects" + clauses)?.contains("more than 64 headers") == true)
    #expect(mistake("--- a\nAna connects\n" + String(repeating: "\r\n", count: 5)) == nil)
  }

  @Test func bytesThatAreNotUTF8AreRefused() {
    #expect(throws: TalkError.self) { try TalkParser.parse([0x23, 0xFF], file: "t") }
  }
}
