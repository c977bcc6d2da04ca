import LuaHost
import Testing

/// JSON for scripts: what is read, what is written, what is refused.
@Suite struct JSONTests {
  /// Runs `source` with `text` as its argument and answers what it printed, without the last line end.
  static func printed(_ source: String, text: String = "") throws -> String {
    let sandbox = try #require(Sandbox())
    let result = sandbox.run("local text = \(PatternTests.literal(text))\n" + source)
    #expect(result.outcome == LH_OK, "\(result.failure)")
    #expect(sandbox.close() == 0)
    return String(result.printed.dropLast())
  }

  @Test(arguments: [
    ("null", "null"), ("true", "true"), (" false ", "false"), ("0", "0"), ("-0", "0"), ("-7", "-7"), ("5.0", "5"),
    ("2.5", "2.5"), ("1e3", "1000"), ("0.1", "0.1"), ("1E-2", "0.01"), ("-0.0", "-0"), ("1e300", "1e+300"),
    ("9223372036854775807", "9223372036854775807"), ("-9223372036854775808", "-9223372036854775808"),
    ("9223372036854775808", "9.223372036854776e+18"), ("-9223372036854775809", "-9.223372036854776e+18"),
    ("9007199254740991.0", "9007199254740991"), ("3.141592653589793", "3.141592653589793"),
    ("[]", "[]"), ("{}", "{}"), ("[[],{}]", "[[],{}]"), ("[1,null,2]", "[1,null,2]"), ("[null]", "[null]"),
    (#"{"b":1,"a":[],"":null}"#, #"{"":null,"a":[],"b":1}"#), (#"{"a":1,"a":2}"#, #"{"a":2}"#),
    (#"{"1":"x","2":"y"}"#, #"{"1":"x","2":"y"}"#), ("\t\r\n [ 1 , 2 ] ", "[1,2]"),
    (#""""#, #""""#), (#""a\"\\\/\b\f\n\r\t""#, #""a\"\\/\b\f\n\r\t""#),
    (#""\u0000\u001f\u007f""#, #""\u0000\u001f\#u{7f}""#),
    (#""\u00e9\u20AC\ud83d\ude00""#, #""é€😀""#), (#""é€😀""#, #""é€😀""#), (#""\ud83d""#, #""\#u{FFFD}""#),
    (#""\ude00x""#, #""\#u{FFFD}x""#), (#""\ud83d\ud83d\ude00""#, #""\#u{FFFD}😀""#), (#""\ud83dA""#, #""\#u{FFFD}A""#),
    (#""\ud83d\n""#, #""\#u{FFFD}\n""#),
  ])
  func decodesAndEncodes(text: String, expected: String) throws {
    #expect(
      try Self.printed(
        "local v, problem = json.decode(text) assert(v ~= nil, problem) print(json.encode(v))", text: text) == expected)
  }

  @Test func falseIsNoError() throws {
    #expect(
      try Self.printed("print(json.encode(json.decode('false')), json.decode('null') == json.null)") == "false\ttrue")
  }

  @Test(arguments: [
    ("", "the text ends too early at line 1, column 1"), (" ", "the text ends too early at line 1, column 2"),
    ("[1,]", "unexpected character at line 1, column 4"), ("[1", "',' or ']' expected at line 1, column 3"),
    ("{\"a\":1,}", "a key in quotes expected at line 1, column 8"),
    ("{a:1}", "a key in quotes expected at line 1, column 2"),
    ("{\"a\" 1}", "':' expected at line 1, column 6"), ("{\"a\":1", "',' or '}' expected at line 1, column 7"),
    ("\n\n nul", "unexpected character at line 3, column 2"),
    ("nulll", "the text goes on after its value at line 1, column 5"),
    ("1 2", "the text goes on after its value at line 1, column 3"),
    ("01", "the text goes on after its value at line 1, column 2"),
    ("+1", "unexpected character at line 1, column 1"), ("-", "a digit is missing at line 1, column 2"),
    ("1.", "a digit is missing at line 1, column 3"), (".5", "unexpected character at line 1, column 1"),
    ("1e", "a digit is missing at line 1, column 3"), ("1e+", "a digit is missing at line 1, column 4"),
    ("1e999", "number out of range at line 1, column 1"),
    ("0x10", "the text goes on after its value at line 1, column 2"),
    ("NaN", "unexpected character at line 1, column 1"), ("\"a", "the string does not end at line 1, column 3"),
    ("\"a\nb\"", "control character in a string at line 1, column 3"),
    ("\"\\x\"", "unknown escape at line 1, column 3"),
    ("\"\\u12g4\"", "four hexadecimal digits expected at line 1, column 4"),
    ("'a'", "unexpected character at line 1, column 1"),
    ("\"\\ud83d\\u12\"", "four hexadecimal digits expected at line 1, column 10"),
    ("\u{FEFF}1", "unexpected character at line 1, column 1"),
    ("[1]\0", "the text goes on after its value at line 1, column 4"),
  ])
  func refusesWithPosition(text: String, problem: String) throws {
    #expect(try Self.printed("print(json.decode(text))", text: text) == "nil\t" + problem)
  }

  /// Every text cut short is an error, never a value and never a crash.
  @Test func truncationAtEveryByte() throws {
    let text = #"{"key":[1,-2.5e+3,true,false,null,"x\u00e9\ud83d\ude00é",{"n":{}}],"b":"\n"}"#
    let lines = try Self.printed(
      "for i = 0, #text - 1 do print((json.decode(text:sub(1, i)))) end assert(json.decode(text))", text: text)
    #expect(lines.split(separator: "\n").allSatisfy { $0 == "nil" })
    #expect(lines.split(separator: "\n").count == text.utf8.count)
  }

  @Test(arguments: [
    "\\xff", "\\xc0\\x80", "\\xed\\xa0\\x80", "\\xf4\\x90\\x80\\x80", "\\xe2\\x82", "\\x80",
    "\\xf8\\x88\\x80\\x80\\x80",
  ])
  func invalidUTF8IsRefused(bytes: String) throws {
    let source = """
      print(json.decode('"a\(bytes)"'))
      print(select(2, pcall(json.encode, { x = "a\(bytes)" })))
      print((pcall(json.encode, { ["\(bytes)"] = 1 })))
      """
    #expect(
      try Self.printed(source) == """
        nil\tinvalid UTF-8 at line 1, column 3
        json.encode: invalid UTF-8 at byte 2 of a string
        false
        """)
  }

  @Test func depthIsBounded() throws {
    let source = """
      local function nested(n) return ("["):rep(n) .. ("]"):rep(n) end
      print(json.encode(json.decode(nested(64))) == nested(64), json.decode(nested(65)))
      local t = {} for i = 1, 64 do t = { t } end
      print(pcall(json.encode, t))
      local loop = {} loop.loop = loop
      print((pcall(json.encode, loop)))
      """
    #expect(
      try Self.printed(source) == """
        true\tnil\tnested too deeply at line 1, column 65
        false\tjson.encode: nested too deeply (or a table in itself)
        false
        """)
  }

  @Test(arguments: [
    ("{}", "{}"), ("json.array()", "[]"), ("json.array({})", "[]"), ("json.array({ 1 })", "[1]"), ("{ 1, 2 }", "[1,2]"),
    ("json.object()", "{}"), ("json.object('z', 1, 'a', 2)", #"{"z":1,"a":2}"#), ("json.null", "null"),
    ("json.object('z', nil, 'a', json.null)", #"{"a":null}"#),
    ("json.object('a', 1, 'b', 2, 'a', 3)", #"{"a":3,"b":2}"#),
    (
      "(function() local o = json.object('z', 1, 'y', 2) o.c, o.b, o.y = 3, 4, nil return o end)()",
      #"{"z":1,"b":4,"c":3}"#
    ),
    ("{ b = 1, a = 2, ab = 3, A = 4 }", #"{"A":4,"a":2,"ab":3,"b":1}"#), ("(json.decode('[1]'))", "[1]"),
    ("(function() local a = json.decode('[1]') a[1] = nil return a end)()", "[]"), ("1 << 53", "9007199254740992"),
    ("2.0 ^ 53", "9007199254740992"), ("1e15", "1000000000000000"), ("-1e15", "-1000000000000000"),
    ("2.0 ^ 60", "1.152921504606847e+18"),
  ])
  func encodes(value: String, expected: String) throws {
    #expect(try Self.printed("print(json.encode(\(value)))") == expected)
  }

  @Test(arguments: [
    ("{ 1, x = 2 }", "a table with array and object keys"), ("{ [true] = 1 }", "keys must be strings"),
    ("{ [2] = 1, [5] = 2 }", "keys must be strings"), ("0/0", "not finite"), ("1/0", "not finite"),
    ("-1/0", "not finite"),
    ("print", "cannot encode a function"), ("{ print }", "cannot encode a function"), ("nil", "cannot encode a nil"),
    ("json.array({ 1, 2, setmetatable({}, { __index = { 1 } }), print })", "cannot encode a function"),
    ("json.object('a')", "key without a value"), ("json.object(1, 2)", "a key must be a string"),
    ("json.array(setmetatable({}, {}))", "has a metatable already"),
    ("setmetatable(json.array(), {})", "protected metatable"),
    ("1, { indent = 9 }", "from 0 to 8"),
  ])
  func refusesToEncode(value: String, problem: String) throws {
    let printed = try Self.printed("print(select(2, pcall(function() return json.encode(\(value)) end)))")
    #expect(printed.contains(problem), "\(printed)")
  }

  @Test func indents() throws {
    #expect(
      try Self.printed("print(json.encode({ a = { 1, 2 }, b = json.array(), c = {} }, { indent = 2 }))") == """
        {
          "a": [
            1,
            2
          ],
          "b": [],
          "c": {}
        }
        """)
  }

  /// What is written reads back as the same number.
  @Test func numbersRoundTrip() throws {
    let source = """
      for i = 1, 20000 do
        local n = (math.random() - 0.5) * 10.0 ^ math.random(-300, 300)
        assert(json.decode(json.encode(n)) == n, n)
        local k = math.random(0)
        assert(math.type(json.decode(json.encode(k))) == "integer" and json.decode(json.encode(k)) == k, k)
      end
      print("done")
      """
    #expect(try Self.printed(source) == "done")
  }

  @Test func manyKeysAreSorted() throws {
    let source = """
      local t, keys = {}, {}
      for i = 1, 1000 do local k = ("k" .. math.random(1 << 30)):rep(i % 3 + 1) if not t[k] then t[k] = 1 keys[#keys + 1] = k end end
      table.sort(keys)
      local expected = {}
      for i, k in ipairs(keys) do expected[i] = '"' .. k .. '":1' end
      print(json.encode(t) == "{" .. table.concat(expected, ",") .. "}")
      """
    #expect(try Self.printed(source) == "true")
  }
}
