import Policy
import Testing

/// Every operation of api.def, called from Lua with the documented result.
@Suite struct OperationTests {
  /// Where an example runs, and so what it can name.
  enum Place {
    /// `peer` (id 1) and `other` (id "two") in `lobby` ("den"), `message`, `mount`.
    case message
    /// `request`, of a handshake that offers the subprotocols chat and signal.
    case upgrade
    /// `request`, of plain HTTP.
    case request
  }

  struct Example {
    let place: Place
    let code: String
    /// The results as the script sees them; nothing for an operation without any.
    let shown: String
    /// What peer and other hear of it.
    var peer: [Heard] = []
    var other: [Heard] = []

    init(_ code: String, _ shown: String = "", in place: Place = .message, peer: [Heard] = [], other: [Heard] = []) {
      (self.code, self.shown, self.place, self.peer, self.other) = (code, shown, place, peer, other)
    }
  }

  static let arrived = #"{"type":4,"id":7.5,"data":"a\u00e9b","flag":true,"nest":{"x":[1,2]}}"#

  /// They need a peer that comes or goes: see KeptPeerTests.
  static let shownElsewhere: Set = ["peer:keep", "peer:take_over"]

  static let examples: [String: Example] = [
    "peer:send": Example(#"peer:send("héllo")"#, peer: [.text("héllo")]),
    "peer:send_binary": Example(#"peer:send_binary("\0\255")"#, peer: [.binary([0, 255])]),
    "peer:close": Example(#"peer:close(4001, "bye")"#, "true", peer: [.closed(4001, "bye")]),
    "peer:lobby": Example("peer:lobby()", "lobby, 1"),
    "peer:lobbies": Example("peer:lobbies()", "{lobby}"),
    "peer:address": Example("peer:address()", #""192.0.2.2""#),
    "peer:is_open": Example("peer:is_open()", "true"),
    "peer:is_kept": Example("peer:is_kept()", "false"),
    "peer:after": Example(#"peer:after(0.5, "ring", 1, "b", true)"#, peer: [.text("ring peer 500 1 b true")]),
    "peer:cancel": Example(#"peer:cancel("idle")"#, "true"),
    "lobby:name": Example("lobby:name()", #""den""#),
    "lobby:add": Example(#"mount:create_lobby("new"):add(peer, 5)"#),
    "lobby:admits": Example("lobby:admits(peer)", "true, nil"),
    "lobby:remove": Example("lobby:remove(other)"),
    "lobby:replace": Example("lobby:remove(peer); lobby:replace(other, peer)"),
    "lobby:member": Example(#"lobby:member("two")"#, "other"),
    "lobby:id_of": Example("lobby:id_of(peer)", "1"),
    "lobby:members": Example("lobby:members()", "{other, peer}"),
    "lobby:count": Example("lobby:count()", "2"),
    "lobby:random_members": Example("lobby:random_members(5, other)", "{peer}"),
    "lobby:broadcast": Example(#"lobby:broadcast("all", peer)"#, other: [.text("all")]),
    "lobby:broadcast_binary": Example(
      #"lobby:broadcast_binary("\1")"#, peer: [.binary([1])], other: [.binary([1])]),
    "lobby:seal": Example("lobby:seal()"),
    "lobby:unseal": Example("lobby:unseal()"),
    "lobby:is_sealed": Example("lobby:is_sealed()", "false"),
    "lobby:is_open": Example("lobby:is_open()", "true"),
    "lobby:delete": Example("lobby:delete()"),
    "lobby:keep": Example("lobby:keep(5)"),
    "lobby:after": Example(#"lobby:after(1, "ring")"#, other: [.text("ring lobby 1000")]),
    "lobby:hold": Example(#"lobby:hold("Eve", "later", 5)"#, "true"),
    "lobby:deliver": Example(
      #"lobby:hold("Eve", "later", 5); lobby:deliver("Eve", other)"#, "1", other: [.text("later")]),
    "lobby:discard": Example(#"lobby:hold("Eve", "later", 5); lobby:discard("Eve")"#, "1"),
    "lobby:cancel": Example(#"lobby:cancel("idle")"#, "false"),
    "mount:create_lobby": Example(#"mount:create_lobby(("x"):rep(300))"#, #"nil, "limit lobby_name_bytes reached""#),
    "mount:find_lobby": Example(#"mount:find_lobby("den")"#, "lobby"),
    "mount:lobby_count": Example("mount:lobby_count()", "1"),
    "mount:lobbies": Example("mount:lobbies()", "{lobby}"),
    "mount:peers": Example("mount:peers()", "{other, peer}"),
    "mount:peer_count": Example("mount:peer_count()", "2"),
    "mount:after": Example(#"mount:after(0, "ring", -1)"#, other: [.text("ring mount 0 -1")]),
    "mount:hold": Example(#"mount:hold("Eve", "later", 5)"#, "true"),
    "mount:deliver": Example(#"mount:deliver("Eve", peer)"#, "0"),
    "mount:discard": Example(#"mount:discard("Eve")"#, "0"),
    "mount:cancel": Example(#"mount:cancel("idle")"#, "false"),
    "message:text": Example("#message:text()", "\(arrived.utf8.count)"),
    "message:is_binary": Example("message:is_binary()", "false"),
    "message:as_text": Example("message:as_text()", "true"),
    "message:size": Example("message:size()", "\(arrived.utf8.count)"),
    "message:sub": Example("message:sub(-3)", #""]}}""#),
    "message:find": Example(#"message:find("type")"#, "3"),
    "message:kind": Example(#"message:kind("nest.x")"#, #""array""#),
    "message:integer": Example(#"message:integer("id", "none", "nest.x.0")"#, "7, nil, 1"),
    "message:number": Example(#"message:number("id")"#, "7.5"),
    "message:string": Example(#"message:string("data")"#, #""aéb""#),
    "message:boolean": Example(#"message:boolean("flag")"#, "true"),
    "message:raw": Example(#"message:raw("data")"#, ##"""a\u00e9b"""##),
    "message:forward": Example("message:forward(other)", other: [.text(arrived)]),
    "message:hold": Example(#"message:hold(mount, "Eve", 5, "id", 8)"#, "true"),
    "message:forward_rest": Example(#"message:forward_rest(other, "<", -2)"#, other: [.text("<}}")]),
    "request:method": Example("request:method()", #""POST""#, in: .request),
    "request:path": Example("request:path()", #""/a b""#, in: .request),
    "request:target": Example("request:target()", #""/a%20b?room=x+y""#, in: .request),
    "request:query": Example(#"request:query("room")"#, #""x y""#, in: .request),
    "request:header": Example(#"request:header("x-token")"#, #""secret""#, in: .request),
    "request:address": Example("request:address()", #""192.0.2.8""#, in: .request),
    "request:offers": Example(#"request:offers("signal")"#, "true", in: .upgrade),
    "request:choose": Example(#"request:choose("signal")"#, in: .upgrade),
    "request:attach": Example(#"request:attach("name", "Ana")"#, in: .upgrade),
    "request:refuse": Example(#"request:refuse(403, "no")"#, "true", in: .upgrade),
    "request:answer": Example(#"request:answer(404, "none", { ["X-Why"] = "lost" })"#, "true", in: .request),
    "relay.now": Example("relay.now()", "1700000001.0"),
    "relay.log": Example(#"relay.log("warning", "shown")"#),
    "relay.count": Example(#"relay.count("joins", 3)"#),
    "random.integer": Example("random.integer(-3, -3)", "-3"),
    "random.text": Example(#"random.text(5, "x")"#, #""xxxxx""#),
    "random.bytes": Example("#random.bytes(9)", "9"),
    "random.uuid": Example(
      #"random.uuid():find("^%x%x%x%x%x%x%x%x%-%x%x%x%x%-4%x%x%x%-[89ab]%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$") ~= nil"#,
      "true"),
    "crypto.sha256": Example(#"#crypto.sha256("")"#, "32"),
    "crypto.hmac_sha256": Example(#"#crypto.hmac_sha256("", "")"#, "32"),
    "crypto.hmac_sha1": Example(#"#crypto.hmac_sha1("", "")"#, "20"),
    "crypto.base64_encode": Example(#"crypto.base64_encode("f")"#, #""Zg==""#),
    "crypto.base64_decode": Example(#"crypto.base64_decode("Zg==")"#, #""f""#),
    "crypto.equal": Example(#"crypto.equal("a", "b")"#, "false"),
  ]

  @Test func everyRowHasAnExampleAndEveryExampleARow() {
    let rows = Set(ApiRow.all.map(\.description)).subtracting(Self.shownElsewhere)
    #expect(rows.count == ApiRow.all.count - Self.shownElsewhere.count, "two rows have one name")
    #expect(rows.subtracting(Self.examples.keys).isEmpty, "not tested")
    #expect(Set(Self.examples.keys).subtracting(rows).isEmpty, "not in api.def")
  }

  @Test(arguments: ApiRow.all.map(\.description))
  func resultIsAsDocumented(operation: String) throws {
    guard let example = Self.examples[operation] else { return }
    let service = try Service(Self.script(example))
    let other = service.connect(address: "192.0.2.1")
    let peer = service.connect(address: "192.0.2.2")
    switch example.place {
    case .message: service.send(peer, Self.arrived)
    case .upgrade: _ = service.upgrade(subprotocols: ["chat", "signal"])
    case .request: _ = service.request("POST /a%20b?room=x+y", headers: "X-Token: secret\r\n")
    }
    let events = service.events()
    let shown = events.compactMap { event -> String? in
      switch event {
      case .script("info", let text): text
      case .script, .fellBack, .finished, .closedAtLimit: nil
      case .hookFailed(_, let error, _): error.message
      }
    }
    #expect(shown == ["<" + example.shown + ">"])
    service.advance(to: 3000)
    #expect(service.heard(peer) == example.peer)
    #expect(service.heard(other) == example.other)
  }

  /// The number of results agrees with the table's column.
  @Test(arguments: ApiRow.all)
  func examplesShowWhatTheRowPromises(row: ApiRow) throws {
    guard !Self.shownElsewhere.contains(row.description) else { return }
    let shown = try #require(Self.examples[row.description]).shown
    let results = row.results.replacing("?", with: "")
    if results.hasSuffix("...") || results.contains(" ") { #expect(shown.contains(", ")) }
    switch results {
    case "": #expect(shown.isEmpty)
    case "bool": #expect(["true", "false"].contains(shown))
    case "num": #expect(Double(shown) != nil && shown.contains("."))
    case let type where type.hasSuffix("[]"): #expect(shown.hasPrefix("{"))
    default: #expect(!shown.isEmpty)
    }
  }

  private static func script(_ example: Example) -> String {
    // What returns nothing cannot stand in an expression behind others.
    let statements = example.code.split(separator: "; ")
    let before = statements.dropLast().joined(separator: "\n")
    return """
      local policy = { timers = {} }
      local other, lobby

      local function show(peer, ...)
        local shown = {}
        for index = 1, select("#", ...) do
          local value = select(index, ...)
          if value == peer then value = "peer"
          elseif value == other then value = "other"
          elseif value == lobby then value = "lobby"
          elseif type(value) == "table" then value = "{" .. show(peer, table.unpack(value)) .. "}"
          elseif type(value) == "string" then value = '"' .. value .. '"'
          end
          shown[index] = tostring(value)
        end
        return table.concat(shown, ", ")
      end

      function policy.on_connect(peer)
        if not other then
          other = peer
          lobby = mount:create_lobby("den")
          lobby:add(peer, "two")
        else
          lobby:add(peer, 1)
          peer:after(60, "idle")
        end
      end

      function policy.timers.idle() end

      function policy.timers.ring(subject, ...)
        local kind = tostring(subject):match("%a+")
        local elapsed = math.tointeger((relay.now() - 1700000001) * 1000 // 1)
        local words = { "ring", kind, elapsed }
        for _, value in ipairs({ ... }) do words[#words + 1] = tostring(value) end
        local hearer = kind == "peer" and subject or other
        hearer:send(table.concat(words, " "))
      end

      function policy.\(example.place == .message ? "on_message(peer, message)" : example.place == .upgrade
        ? "on_upgrade(request)" : "on_request(request)")
        local peer = peer or nil
        \(before)
        local function results(...) relay.log("info", "<" .. show(peer, ...) .. ">") end
        results(\(statements.last ?? ""))
      end
      return policy
      """.replacing("local peer = peer or nil", with: example.place == .message ? "" : "local peer = 0")
  }
}
