import Policy
import Testing

/// What leaves through a message view: the sender's bytes, with the fields that the script wants.
@Suite struct ForwardTests {
  /// What the second client hears when the first one says `sent`, and the policy forwards it like this.
  private func forwarded(_ sent: [UInt8], isBinary: Bool = false, _ code: String) throws -> (Service, [Heard]) {
    let service = try Service(
      """
      local policy = {}
      local other
      function policy.on_connect(peer) other = other or peer end
      function policy.on_message(peer, message)
        \(code)
      end
      return policy
      """)
    let (other, peer) = (service.connect(), service.connect())
    service.send(peer, sent, isBinary: isBinary)
    return (service, service.heard(other))
  }

  @Test(
    arguments: [
      // Replaced, wherever it is and however it is spelled.
      (#"{"id":1,"a":[1,2]}"#, "{ id = 7 }", #"{"id":7,"a":[1,2]}"#),
      (#"{"a":1, "id" : "x" ,"b":2}"#, "{ id = 7 }", #"{"a":1, "id" : 7 ,"b":2}"#),
      (#"{"a":1,"\u0069d":null}"#, "{ id = -7 }", #"{"a":1,"\u0069d":-7}"#),
      (#"{"id":{"id":1}}"#, "{ id = true }", #"{"id":true}"#),
      // Added at the end, in the order of their names.
      (#"{"a":1}"#, "{ id = 7 }", #"{"a":1,"id":7}"#),
      ("{}", "{ id = 7 }", #"{"id":7}"#),
      ("{ }", "{ b = 1, a = 2 }", nil),
      (#"{"z":0}"#, "{ c = 3, a = 1, b = 2 }", #"{"z":0,"a":1,"b":2,"c":3}"#),
      // Taken out.
      (#"{"id":1,"a":2}"#, "{ id = json.absent }", #"{"a":2}"#),
      (#"{"a":2,"id":1}"#, "{ id = json.absent }", #"{"a":2}"#),
      (#"{"id":1}"#, "{ id = json.absent }", "{}"),
      (#"{"a":1}"#, "{ id = json.absent }", #"{"a":1}"#),
      // Of every type.
      (#"{"id":1}"#, "{ id = json.null }", #"{"id":null}"#),
      (#"{"id":1}"#, "{ id = false }", #"{"id":false}"#),
      (#"{"id":1}"#, "{ id = 0.5 }", #"{"id":0.5}"#),
      (#"{"id":1}"#, "{ id = math.mininteger }", #"{"id":-9223372036854775808}"#),
      (#"{"id":1}"#, #"{ id = 'q"\\\n' }"#, #"{"id":"q\"\\\n"}"#),
      (#"{"id":1}"#, #"{ id = "é😀" }"#, #"{"id":"é😀"}"#),
      (#"{"id":1}"#, "{ id = {} }", #"{"id":{}}"#),
      (#"{"id":1}"#, "{ id = json.array() }", #"{"id":[]}"#),
      (#"{"id":1}"#, "{ id = { 1, { a = json.null } } }", #"{"id":[1,{"a":null}]}"#),
      (#"{"id":1,"a":2}"#, #"{ id = "x", b = { 1 }, a = json.absent }"#, #"{"id":"x","b":[1]}"#),
      (#"{"a":"é"}"#, #"{ ["é"] = 1 }"#, #"{"a":"é","é":1}"#),
      // In nested objects.
      (#"{"id":1,"d":{ "id" : 2 ,"x":[3]}}"#, #"{ id = 7, ["d.id"] = 8 }"#, #"{"id":7,"d":{ "id" : 8 ,"x":[3]}}"#),
      (#"{"data":{}}"#, #""data.from", "Ana", "data.to", nil"#, #"{"data":{"from":"Ana"}}"#),
      (#"{"data":{"a":1,"b":{"c":2}}}"#, #""data.b.c", json.absent, "data.a", {1}"#, #"{"data":{"a":[1],"b":{}}}"#),
      (#"{"list":[{"id":1}]}"#, #""list.0.id", true"#, #"{"list":[{"id":true}]}"#),
      (#"{"data":{"sdp":"x"}}"#, #""data.sdp", json.text, "data.kind", json.text"#, #"{"data":{"sdp":"x","kind":""}}"#),
      // A field that is called all of it comes first, as in reading.
      (#"{"a.b":1,"a":{"b":2}}"#, #""a.b", 3"#, #"{"a.b":3,"a":{"b":2}}"#),
      (#"{"a.b":"x","a":{"b":2}}"#, #""a.b", "y""#, #"{"a.b":"y","a":{"b":2}}"#),
      // Nothing to change.
      (#"{"id":1}"#, "{}", #"{"id":1}"#),
      (#"{"id":1}"#, "nil", #"{"id":1}"#),
      ("not JSON", "{}", "not JSON"),
    ] as [(String, String, String?)])
  func fields(sent: String, fields: String, expected: String?) throws {
    let (service, heard) = try forwarded(Array(sent.utf8), "message:forward(other, \(fields))")
    #expect(service.failures().map(\.error.message) == [])
    if let expected { #expect(heard == [.text(expected)]) }
    // Whatever came out is the same JSON to the relay's own reader.
    #expect(heard.count == 1)
  }

  /// Long values cross the block sizes of the scanner untouched.
  @Test(arguments: [0, 1, 31, 32, 63, 64, 65, 127, 128, 1000, 70_000])
  func theRestIsByteForByte(count: Int) throws {
    let payload = String(repeating: "é\\u0041\\\"", count: count / 10) + String(repeating: "x", count: count % 10)
    let sent = #"{ "data" : "\#(payload)" , "id":1,"n":[1.0e+2, -0.0 ] }"#
    let (_, heard) = try forwarded(Array(sent.utf8), "message:forward(other, { id = 12345 })")
    #expect(heard == [.text(sent.replacing(#""id":1,"#, with: #""id":12345,"#))])
  }

  @Test(arguments: ["[1]", "1", "", "{", #"{"a":1"#, #"{"a":1}x"#, "nope", #"{"a":01}"#, #"{"a":"\x"}"#, "null"])
  func whatIsNoObjectHasNoFields(sent: String) throws {
    let (service, heard) = try forwarded(Array(sent.utf8), "message:forward(other, { id = 1 })")
    #expect(heard == [])
    let message = try #require(service.failures().first?.error.message)
    #expect(message.contains("the message is not a JSON object: it has no fields to replace"))
  }

  @Test(arguments: [
    ("{}", "data.id", "1", "field 'data.id': what stands before its last dot is not one object in this message"),
    (
      #"{"data":[1]}"#, "data.0", "1",
      "field 'data.0': what stands before its last dot is not one object in this message"
    ),
    (#"{"data":"x"}"#, "data.id", "json.absent", "field 'data.id': what stands before its last dot is not one object"),
    (#"{"data":null}"#, "data.id", "json.text", "field 'data.id': what stands before its last dot is not one object"),
    (#"{"data":{},"data":{}}"#, "data.id", "1", "field 'data.id': what stands before its last dot is not one object"),
    ("[{}]", "0.id", "1", "the message is not a JSON object: it has no fields to replace"),
    (#"{"data":{"id":1}}"#, "data.id", #"1, "data", "x""#, "a field is inside another one that is replaced too"),
  ])
  func whatHasNoParentIsRefused(sent: String, path: String, value: String, expected: String) throws {
    let (service, heard) = try forwarded(Array(sent.utf8), "message:forward(other, '\(path)', \(value))")
    #expect(heard == [])
    let message = try #require(service.failures().first?.error.message)
    #expect(message.contains(expected), "\(message)")
  }

  @Test func binaryGoesAsItCameAndHasNoFields() throws {
    let bytes: [UInt8] = [0, 255, 128, 7]
    #expect(try forwarded(bytes, isBinary: true, "message:forward(other)").1 == [.binary(bytes)])
    let object = Array(#"{"id":1}"#.utf8)
    #expect(try forwarded(object, isBinary: true, "message:forward(other)").1 == [.binary(object)])
    let (service, heard) = try forwarded(object, isBinary: true, "message:forward(other, { id = 2 })")
    #expect(heard == [] && service.failures().count == 1)
    #expect(
      try forwarded(object, isBinary: true, "assert(message:is_binary() and not message:kind()) peer:close()").0
        .failures().isEmpty)
  }

  @Test func emptyMessagesAreForwarded() throws {
    #expect(try forwarded([], "message:forward(other)").1 == [.text("")])
    #expect(try forwarded([], isBinary: true, "message:forward(other)").1 == [.binary([])])
    #expect(try forwarded([], "message:forward_rest(other, '', 1)").1 == [.text("")])
  }

  @Test func aLobbyIsADestination() throws {
    let service = try Service(
      """
      local policy = {}
      function policy.on_connect(peer)
        local lobby = mount:find_lobby("den") or mount:create_lobby("den")
        lobby:add(peer, mount:peer_count())
      end
      function policy.on_message(peer, message) message:forward(peer:lobby(), { from = 1 }) end
      return policy
      """)
    let clients = (0..<3).map { _ in service.connect() }
    service.send(clients[0], "{}")
    for client in clients { #expect(service.heard(client) == [.text(#"{"from":1}"#)]) }
  }

  // MARK: A prefix and the rest

  @Test(arguments: [
    ("D: 5\nhello", #"message:forward_rest(other, "D: 9\n", message:find("\n") + 1)"#, "D: 9\nhello"),
    ("abc", "message:forward_rest(other, '', 1)", "abc"),
    ("abc", "message:forward_rest(other, '', 4)", ""),
    ("abc", "message:forward_rest(other, 'x', 99)", "x"),
    ("abc", "message:forward_rest(other, 'x', -1)", "xc"),
    ("abc", "message:forward_rest(other, 'x', -99)", "xabc"),
    ("aé", "message:forward_rest(other, 'é', 2)", "éé"),
  ])
  func rest(sent: String, code: String, expected: String) throws {
    let (service, heard) = try forwarded(Array(sent.utf8), code)
    #expect(service.failures().map(\.error.message) == [])
    #expect(heard == [.text(expected)])
  }

  @Test func aCutInsideACharacterIsRefused() throws {
    for code in [
      "message:forward_rest(other, '', 3)", #"message:forward_rest(other, "\xc3", 3)"#,
      #"message:forward_rest(other, "\xff", 1)"#,
    ] {
      let (service, heard) = try forwarded(Array("aé".utf8), code)
      #expect(heard == [])
      let failure = try #require(service.failures().first, "\(code)")
      #expect(failure.error.message.contains("prefix and rest are not UTF-8: the cut is inside a character"))
    }
    let (_, heard) = try forwarded(Array("aé".utf8), isBinary: true, "message:forward_rest(other, '', 3)")
    #expect(heard == [.binary([0xA9])])
  }
}
