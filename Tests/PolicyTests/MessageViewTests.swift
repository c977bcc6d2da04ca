import Policy
import Testing

/// Reading a message without decoding it.
@Suite struct MessageViewTests {
  /// Nested paths, escapes, types that do not fit, positions: code and the text that it makes.
  @Test(arguments: [
    (#"{"a":{"b":{"c":5}}}"#, "message:integer('a.b.c')", "5"),
    (#"{"a":[10,{"b":"x"}]}"#, "message:raw('a')", #"[10,{"b":"x"}]"#),
    (#"{"a":{"b":1}}"#, "message:kind('a')", "object"),
    (#"{"a":{"b":1}}"#, "message:kind('a.c')", "nil"),
    (#"{"a":null}"#, "message:kind('a')", "null"),
    (#"{"a":1}"#, "message:kind()", "object"),
    ("[1]", "message:kind()", "array"),
    ("\"x\"", "message:kind()", "string"),
    (" 12 ", "message:kind()", "number"),
    ("true", "message:kind()", "boolean"),
    ("null", "message:kind()", "null"),
    ("", "message:kind()", "nil"),
    ("{]", "message:kind()", "nil"),
    ("{]", "message:integer('a')", "nil"),
    (#"{"a":"1"}"#, "message:integer('a')", "nil"),
    (#"{"a":1}"#, "message:string('a')", "nil"),
    (#"{"a":1.9}"#, "message:integer('a')", "1"),
    (#"{"a":-1.5}"#, "message:integer('a')", "-2"),
    (#"{"a":1e3}"#, "message:integer('a')", "1000"),
    (#"{"a":1e400}"#, "message:integer('a')", "nil"),
    (#"{"a":9223372036854775807}"#, "message:integer('a')", "9223372036854775807"),
    (#"{"a":2}"#, "message:number('a')", "2.0"),
    (#"{"a":true}"#, "message:number('a')", "nil"),
    (#"{"a":false}"#, "message:boolean('a')", "false"),
    (#"{"a":0}"#, "message:boolean('a')", "nil"),
    (#"{"a":"\ud83d\ude00\n\/"}"#, "message:string('a')", "😀\n/"),
    (#"{"a":""}"#, "'<' .. message:string('a') .. '>'", "<>"),
    (#"{"":1}"#, "message:integer('')", "1"),
    ("abcdef", "message:sub(2, 3)", "bc"),
    ("abcdef", "message:sub(-2)", "ef"),
    ("abcdef", "message:sub(4, 2)", ""),
    ("abcdef", "message:sub(0, 99)", "abcdef"),
    ("abcdef", "message:sub(math.mininteger, math.maxinteger)", "abcdef"),
    ("abcabc", "message:find('c', 4)", "6"),
    ("abcabc", "message:find('.')", "nil"),
    ("abcabc", "message:find('abcabcabc')", "nil"),
    ("abc", "message:find('a', -99)", "1"),
    ("", "message:size() .. message:text()", "0"),
    // Without a path it is about the whole message.
    (#" "caf\u00e9 \"x\"" "#, "message:string()", #"café "x""#),
    (" -1.5 ", "message:integer()", "-2"),
    ("2", "message:number()", "2.0"),
    ("false", "message:boolean()", "false"),
    (#" { "a" : 1 } "#, "message:raw()", #"{ "a" : 1 }"#),
    (" [1, 2] ", "message:raw()", "[1, 2]"),
    ("null", "message:raw()", "null"),
    ("1", "message:string()", "nil"),
    (#""1""#, "message:integer()", "nil"),
    ("{}", "message:boolean()", "nil"),
    ("1 2", "message:number()", "nil"),
    ("", "message:raw()", "nil"),
    // A member whose name has a space or is empty, and null, which is not the same as none.
    (#"{"room id":"x"}"#, "message:string('room id')", "x"),
    (#"{"a":{"room id":7}}"#, "message:integer('a.room id')", "7"),
    (#"{"a":null}"#, "tostring(message:string('a')) .. message:kind('a') .. tostring(message:kind('b'))", "nilnullnil"),
    ("null", "message:kind() .. tostring(message:string())", "nullnil"),
  ])
  func reads(sent: String, code: String, expected: String) throws {
    let service = try Service.onMessage("peer:send(tostring(\(code)))")
    let client = service.connect()
    service.send(client, sent)
    #expect(service.failures().map(\.error.message) == [])
    #expect(service.heard(client) == [.text(expected)])
  }

  @Test func depthIsBounded() throws {
    let service = try Service.onMessage("peer:send(tostring(message:kind()))") { $0.jsonDepth = 3 }
    let client = service.connect()
    service.send(client, "[[[]]]")
    service.send(client, "[[[[]]]]")
    #expect(service.heard(client) == [.text("array"), .text("nil")])
  }

  /// Latin-1 letters are two bytes each in UTF-8; no byte is lost or changed on the way through Lua and back.
  @Test func everyLatinLetterSurvives() throws {
    let service = try Service.onMessage(
      """
      peer:send(message:string("a"))
      peer:send(message:text())
      peer:send(json.encode(json.decode(message:text()).a))
      """)
    let client = service.connect()
    let letters = String(String.UnicodeScalarView((0xA0...0xFF).map { Unicode.Scalar($0)! }))
    service.send(client, #"{"a":"\#(letters)"}"#)
    #expect(service.heard(client) == [.text(letters), .text(#"{"a":"\#(letters)"}"#), .text("\"\(letters)\"")])
  }

  /// Some clients send bytes as letters from U+0000 to U+00FF. Each arrives as it was, also beside changed fields.
  @Test func everyByteAsALetterSurvives() throws {
    let service = try Service.onMessage(
      """
      local letters = message:string("a")
      assert(utf8.len(letters) == 256)
      message:forward(peer, "b", letters, "c", 1)
      peer:send_binary(letters)
      """)
    let client = service.connect()
    let letters = (0...255).map { number in
      let isEscaped = number < 0x20 || number == 0x22 || number == 0x5C
      return isEscaped ? "\\u00" + Self.hexadecimal(number) : Self.letter(number)
    }
    service.send(client, #"{"a":"\#(letters.joined())"}"#)
    #expect(service.failures().isEmpty)
    let heard = service.heard(client)
    #expect(heard.last == .binary((0...255).flatMap { Array(Self.letter($0).utf8) }))
    guard case .text(let forwarded)? = heard.first else { return #expect(heard.count == 2) }
    #expect(forwarded.hasPrefix(#"{"a":"\#(letters.joined())","b":""#) && forwarded.hasSuffix(#"","c":1}"#))
    let reader = try Service.onMessage(#"peer:send(tostring(message:string("a") == message:string("b")))"#)
    let other = reader.connect()
    reader.send(other, forwarded)
    #expect(reader.heard(other) == [.text("true")])
  }

  private static func letter(_ number: Int) -> String { String(Character(Unicode.Scalar(UInt8(number)))) }
  private static func hexadecimal(_ number: Int) -> String { (number < 16 ? "0" : "") + String(number, radix: 16) }

  @Test(arguments: [#""\255""#, #""\xc3""#, #""\xed\xa0\x80""#, #""ok\xf5""#])
  func textThatIsNotUTF8IsNotSent(text: String) throws {
    for call in ["peer:send(\(text))", "lobby:broadcast(\(text))", "peer:close(4000, \(text))"] {
      let service = try Service.onMessage("local lobby = mount:create_lobby('den') lobby:add(peer, 1) \(call)")
      let client = service.connect()
      service.send(client, "")
      #expect(service.heard(client) == [], "\(call)")
      let message = try #require(service.failures().first?.error.message)
      #expect(message.contains("the text is not UTF-8: send it as binary"))
    }
    let service = try Service.onMessage("peer:send_binary(\(text))")
    let client = service.connect()
    service.send(client, "")
    #expect(service.failures().isEmpty && service.heard(client).count == 1)
  }

  @Test func messagesFromOnePeerToAnotherKeepTheirOrder() throws {
    let service = try Service(
      """
      local policy = {}
      local other
      function policy.on_connect(peer) other = other or peer end
      function policy.on_message(peer, message)
        other:send(message:text() .. "a")
        message:forward(other)
        other:send(message:text() .. "b")
        if message:text() == "3" then error("lost") end
      end
      return policy
      """)
    let (other, peer) = (service.connect(), service.connect())
    for number in 1...5 { service.send(peer, "\(number)") }
    let expected = [1, 2, 4, 5].flatMap { ["\($0)a", "\($0)", "\($0)b"] }
    #expect(service.heard(other) == expected.map(Heard.text))
  }
}
