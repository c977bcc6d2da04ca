import Policy
import Testing

/// What a script author reads who passes the wrong thing.
@Suite struct ArgumentTests {
  /// A good value of each type of api.def, and how a function in its place is refused.
  private static let types: [String: (good: String, refusal: String)] = [
    "int": ("1", "number expected, got function"),
    "num": ("1", "number expected, got function"),
    "text": (#""x""#, "string expected, got function"),
    "id": ("1", "integer or string expected, got function"),
    "value": ("1", "nil, boolean, number or string expected, got function"),
    "values": ("1", "boolean, number or string expected, got function"),
    "peer": ("peer", "peer expected, got function"),
    "lobby": ("lobby", "lobby expected, got function"),
    "target": ("peer", "peer or lobby expected, got function"),
    "owner": ("mount", "lobby or mount expected, got function"),
    "peers": ("peer", "peer expected, got function"),
    "texts": (#""x""#, "string expected, got function"),
    "fields": ("{}", "table expected, got function"),
    // Anything is true or false.
    "bool": ("true", ""),
  ]

  @Test(arguments: ApiRow.all)
  func aWrongTypeIsNamed(row: ApiRow) throws {
    for (index, parameter) in row.parameters.enumerated() where parameter.type != "bool" {
      let given = try row.parameters[..<index].map { try #require(Self.types[$0.type]).good } + ["print"]
      let refusal = try #require(Self.types[parameter.type]).refusal
      let message = try error(row, "\(row)(\(given.joined(separator: ", ")))")
      #expect(message.hasPrefix("test.lua:"), "\(message)")
      #expect(message.contains("bad argument #\(index + 1) to '\(row.name)' (\(refusal))"), "\(message)")
    }
  }

  @Test(arguments: ApiRow.all)
  func aMissingArgumentIsNamed(row: ApiRow) throws {
    for (index, parameter) in row.parameters.enumerated() where !parameter.isOptional && parameter.type != "value" {
      let given = try row.parameters[..<index].map { try #require(Self.types[$0.type]).good }
      let message = try error(row, "\(row)(\(given.joined(separator: ", ")))")
      #expect(message.contains("bad argument #\(index + 1) to '\(row.name)'"), "\(message)")
    }
  }

  @Test(arguments: [
    (#"peer:sned("x")"#, "test.lua:5: peer has no method 'sned': did you mean 'send'?"),
    ("local x peer:sned(nil, nil, peer)", "peer has no method 'sned': did you mean 'send'?"),
    // Which of the two it is cannot be told.
    ("peer:sned(nil, lobby)", "attempt to call a nil value (method 'sned')"),
    ("local nothing, other = nil, lobby peer:sned()", "peer has no method 'sned': did you mean 'send'?"),
    ("lobby:cuont()", "lobby has no method 'cuont': did you mean 'count'?"),
    ("message:xyzzy()", "message has no method 'xyzzy'"),
    ("local t = {} t:sned(peer)", "attempt to call a nil value (method 'sned')"),
    ("local t = nil t:sned(peer)", "attempt to index a nil value (local 't')"),
  ])
  func aMethodThatThereIsNot(body: String, expected: String) throws {
    let service = try Service.onMessage("local lobby = mount:create_lobby('den')\n" + body)
    service.send(service.connect(), "")
    let message = try #require(service.failures().first).error.firstLine
    #expect(message.contains(expected), "\(message)")
  }

  @Test(arguments: ApiRow.all.filter(\.isMethod))
  func theDotInPlaceOfTheColonIsNoticed(row: ApiRow) throws {
    let message = try error(row, "\(row.receiver).\(row.name)(json.null)")
    #expect(
      message.contains("\(row.receiver) expected before the colon, got userdata (is it a ':' call?)"), "\(message)")
  }

  @Test(arguments: [
    (#"peer:send(12)"#, "bad argument #1 to 'send' (string expected, got number)"),
    (#"peer:close(999)"#, "a close code is 1000-1003, 1007-1014 or 3000-4999"),
    (#"peer:close(1.5)"#, "bad argument #1 to 'close' (number has no integer representation)"),
    (#"lobby:add(peer, 1.5)"#, "bad argument #2 to 'add' (integer or string expected, got number)"),
    (#"lobby:add(lobby, 1)"#, "bad argument #1 to 'add' (peer expected, got lobby)"),
    (#"lobby:broadcast("x", { peer, 1 })"#, "bad argument #2 to 'broadcast' (array of peers expected, got table)"),
    (#"peer:after(-1, "x")"#, "seconds must be between 0 and 1e9"),
    (#"peer:after(0/0, "x")"#, "seconds must be between 0 and 1e9"),
    (#"peer:after(1e9, "x")"#, "seconds must be between 0 and 1e9"),
    (#"peer:after(1, "x", {})"#, "bad argument #3 to 'after' (boolean, number or string expected, got table)"),
    (#"peer:after(1, "x", 1, nil)"#, "bad argument #4 to 'after' (boolean, number or string expected, got nil)"),
    (
      #"peer:after(1, "x", table.unpack({ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14 }))"#,
      "at most 13 arguments can be kept for later, got 14"
    ),
    (#"peer:after(1, "xs")"#, "no timer is named 'xs': did you mean 'x'?"),
    (#"lobby:after(1, "joining")"#, "no timer is named 'joining': did you mean 'join'?"),
    (#"mount:after(1, "")"#, "a timer's name is not empty"),
    (#"mount:after(1, ("x"):rep(100))"#, "xxx' in the script's timers"),
    (#"lobby:replace(peer, peer)"#, "the peer is not a member of this lobby"),
    (
      #"local t = {} for i = 1, 15 do t[i] = peer end lobby:broadcast("x", t)"#,
      "bad argument #2 to 'broadcast' (at most 14 peers, got 15)"
    ),
    (#"message:integer(nil)"#, "bad argument #1 to 'integer' (string expected, got nil)"),
    (#"message:integer("a", nil)"#, "bad argument #2 to 'integer' (string expected, got nil)"),
    (
      #"message:integer("1", "2", "3", "4", "5", "6", "7", "8", "9")"#, "at most 8 paths can be given"
    ),
    (#"message:forward(peer, "x", 1, "y")"#, "field 'y' has no value"),
    (#"message:forward(peer, "x", 1, 2, 3)"#, "field names are strings, not numbers"),
    (#"message:forward(peer, "x", 1, nil)"#, "field names are strings, not nils"),
    (#"message:forward(peer, "x", lobby)"#, "bad field 'x': a lobby cannot be sent"),
    (#"message:forward(peer, { [1] = 2 })"#, "field names are strings, not numbers"),
    (#"message:forward(peer, { x = print })"#, "bad field 'x': a function cannot be sent"),
    (#"message:forward(peer, { x = peer })"#, "bad field 'x': a peer cannot be sent"),
    (#"message:forward(peer, { x = 0/0 })"#, "JSON has no infinity and no NaN"),
    (#"message:forward(peer, { x = math.huge })"#, "JSON has no infinity and no NaN"),
    (#"message:forward(peer, { x = "\255" })"#, "the text of a field is not UTF-8"),
    (#"random.integer(2, 1)"#, "low is above high"),
    (#"random.text(3, "")"#, "the alphabet is empty"),
    (#"random.text(-1)"#, "a length is 0 to 65536"),
    (#"random.bytes(65537)"#, "a length is 0 to 65536"),
    (#"relay.log("loud", "x")"#, "a level is debug, info, warning or error, not 'loud'"),
    (#"peer.send = 1"#, "'send' is a method: choose another name for the attribute"),
    (#"peer.friends = {}"#, "attribute 'friends': nil, a boolean, a number or a string is kept, not a table"),
    (#"peer.friend = lobby"#, "attribute 'friend': nil, a boolean, a number or a string is kept, not a lobby"),
    (#"peer.send(lobby, "x")"#, "peer expected before the colon, got lobby"),
    (#"peer[1] = 1"#, "attributes have names, not number keys"),
    (#"local x = peer[true]"#, "attributes have names, not boolean keys"),
    (#"message.note = 1"#, "keeps no attributes"),
    (#"mount:create_lobby("den")"#, "a lobby of this name exists"),
    (#"setmetatable(peer, {})"#, "table expected, got peer"),
  ])
  func refusalsSayWhatIsWrong(code: String, expected: String) throws {
    let service = try Service(
      """
      local policy = { timers = { x = print, join = print } }
      function policy.on_message(peer, message)
        local lobby = mount:create_lobby("den")
        \(code)
      end
      return policy
      """)
    service.send(service.connect(), "{}")
    let failures = service.failures()
    #expect(failures.count == 1)
    let message = failures.first?.error.firstLine ?? "no failure"
    #expect(message.hasPrefix("scripts/test.lua:4: "), "\(message)")
    #expect(message.contains(expected), "\(message)")
  }

  @Test func aTimerOfAPolicyWithoutAnyIsRefused() throws {
    let service = try Service("return { on_connect = function(peer) peer:after(1, 'x') end }")
    _ = service.connect()
    let failure = try #require(service.failures().first)
    #expect(failure.error.firstLine.hasSuffix("no timer is named 'x': the script defines none"))
  }

  /// The error of one call, made where its receiver is at hand.
  private func error(_ row: ApiRow, _ call: String) throws -> String {
    let hook = row.receiver == "request" ? "on_upgrade(request)" : "on_message(peer, message)"
    let service = try Service(
      """
      local policy = {}
      function policy.\(hook)
        local lobby = mount:create_lobby("den")
        \(call)
      end
      return policy
      """)
    if row.receiver == "request" { _ = service.upgrade() } else { service.send(service.connect(), "{}") }
    let failures = service.failures()
    let failure = try #require(failures.first, "no error: \(call)")
    return failure.error.firstLine.replacing("scripts/", with: "")
  }
}
