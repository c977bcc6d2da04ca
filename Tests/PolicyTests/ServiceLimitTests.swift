import Policy
import Testing

/// What a mount does at its limits, and what it decides about requests.
@Suite struct ServiceLimitTests {
  private static let flood = """
    local policy = {}
    local other
    function policy.on_connect(peer) other = other or peer end
    function policy.on_message(peer, message)
      for _ = 1, message:integer("count") do other:send(("x"):rep(10)) end
      peer:send(tostring(other:is_open()))
      if message:boolean("fail") then error("enough") end
    end
    function policy.on_disconnect(peer, code, reason) relay.log("info", code .. " " .. reason) end
    return policy
    """

  /// Ten bytes and a header of two: four frames fit into 48.
  @Test func aSlowReaderIsClosed() throws {
    let service = try Service(Self.flood) { $0.queuedBytes = 48 }
    let (other, peer) = (service.connect(), service.connect())
    service.send(peer, #"{"count":4}"#)
    #expect(service.heard(peer) == [.text("true")])
    #expect(service.logged() == [])
    service.send(peer, #"{"count":1}"#)
    #expect(service.heard(peer) == [.text("false")])
    #expect(service.logged() == ["1013 Too slow: messages for you are piling up"])
    let expected = Array(repeating: Heard.text("xxxxxxxxxx"), count: 4)
    #expect(service.heard(other) == expected + [.closed(1013, "Too slow: messages for you are piling up")])
    #expect(service.mount.counters.slowReadersClosed == 1 && service.mount.counters.messagesDropped == 1)
  }

  /// Once for each that is closed; of a hook that fails none is.
  @Test(arguments: [(9, false, ["queued_bytes (48)"]), (9, true, []), (4, false, [])])
  func whatASlowReaderHasReachedIsTold(count: Int, fails: Bool, expected: [String]) throws {
    let service = try Service(Self.flood) { $0.queuedBytes = 48 }
    let (_, peer) = (service.connect(), service.connect())
    service.send(peer, #"{"count":\#(count),"fail":\#(fails)}"#)
    #expect(service.limitsReached() == expected)
  }

  @Test func aSlowReaderMissesMessagesIfSoSet() throws {
    let service = try Service(Self.flood) { limits in
      limits.queuedBytes = 48
      limits.slowReader = .drop
    }
    let (other, peer) = (service.connect(), service.connect())
    service.send(peer, #"{"count":7}"#)
    #expect(service.heard(peer) == [.text("true")])
    #expect(service.heard(other).count == 4)
    service.send(peer, #"{"count":1}"#)
    #expect(service.heard(other).count == 1)
    #expect(service.mount.counters.messagesDropped == 3 && service.mount.counters.slowReadersClosed == 0)
  }

  /// The overflow of a failed hook has not happened either.
  @Test func aFailedHookClosesNoSlowReader() throws {
    let service = try Service(Self.flood) { $0.queuedBytes = 48 }
    let (other, peer) = (service.connect(), service.connect())
    service.send(peer, #"{"count":9,"fail":true}"#)
    #expect(service.logged() == [])
    #expect(service.heard(other) == [] && service.heard(peer) == [])
    let counters = service.mount.counters
    #expect(counters.slowReadersClosed == 0 && counters.messagesDropped == 0 && counters.messagesOut == 0)
    service.send(peer, #"{"count":0}"#)
    #expect(service.heard(peer) == [.text("true")])
  }

  @Test(arguments: [
    ("mount:find_lobby('b'):add(member, 1)", "limit lobbies_per_peer reached"),
    ("for i = 1, 3 do peer:after(1, 't' .. i) end", "limit timers_per_subject reached"),
    ("for i = 1, 3 do mount:after(1, 't' .. i) end", "limit timers_per_subject reached"),
    ("peer.x = ('x'):rep(20)", "limit attribute_bytes reached"),
    ("mount.x = ('x'):rep(20)", "limit attribute_bytes reached"),
    ("peer:after(1, 'x', ('x'):rep(20))", "limit attribute_bytes reached"),
  ])
  func limitsAreErrorsOfTheScript(code: String, expected: String) throws {
    let service = try Service(
      """
      local policy = { timers = { x = print, t1 = print, t2 = print, t3 = print } }
      local member
      function policy.on_connect(peer)
        if member then return end
        member = peer
        mount:create_lobby("a"):add(peer, 0)
        mount:create_lobby("b")
      end
      function policy.on_message(peer)
        \(code)
      end
      return policy
      """
    ) { limits in
      limits.lobbies.lobbies = code.contains("rep(11)") ? 3 : 2
      limits.lobbies.lobbyNameBytes = 10
      limits.lobbies.membersPerLobby = 1
      limits.lobbies.lobbiesPerPeer = 1
      limits.lobbies.timersPerSubject = 2
      limits.lobbies.attributeBytes = 20
    }
    _ = service.connect()
    service.send(service.connect(), "")
    let message = service.failures().first?.error.firstLine
    #expect(message == "scripts/test.lua:10: \(expected)")
    #expect(service.mount.nextDeadline() == nil && service.mount.lobbyCount == 2)
  }

  @Test func limitsOnLobbiesAreForThePolicyToTell() throws {
    let service = try Service(
      """
      return { on_message = function(peer, message)
        local lobby, reason = mount:create_lobby(message:text())
        peer:send(lobby and lobby:name() or reason)
      end }
      """
    ) { limits in
      limits.lobbies.lobbies = 1
      limits.lobbies.lobbyNameBytes = 10
    }
    let client = service.connect()
    for name in ["abcdefghijk", "a", "b"] { service.send(client, name) }
    #expect(
      service.heard(client) == [.text("limit lobby_name_bytes reached"), .text("a"), .text("limit lobbies reached")])
  }

  @Test func aFullLobbyRefusesAsAPluginWould() throws {
    let service = try Service(
      """
      return { on_message = function(peer)
        local lobby = mount:find_lobby("a") or mount:create_lobby("a")
        peer:send("joining")
        lobby:add(peer, lobby:count())
      end }
      """
    ) { $0.lobbies.membersPerLobby = 1 }
    let (ana, bob) = (service.connect(), service.connect())
    service.send(ana, "")
    service.send(bob, "")
    #expect(service.heard(ana) == [.text("joining")])
    #expect(service.heard(bob) == [.closed(4000, "The lobby is full")])
    #expect(service.failures().isEmpty && service.mount.peerCount == 1)
  }

  // MARK: Close codes and reasons

  @Test(arguments: [1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 4999])
  func codesThatMayBeSent(code: Int) throws {
    let service = try Service.onMessage("peer:close(\(code), ('é'):rep(61))")
    let client = service.connect()
    service.send(client, "")
    #expect(service.heard(client) == [.closed(UInt16(code), String(repeating: "é", count: 61))])
  }

  @Test(arguments: [-1, 0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65536, 66536])
  func codesThatMayNot(code: Int) throws {
    let service = try Service.onMessage("peer:close(\(code))")
    let client = service.connect()
    service.send(client, "")
    #expect(service.heard(client) == [] && service.failures().count == 1)
    #expect(service.mount.isLive(client.peer))
  }

  @Test func aReasonFitsItsFrame() throws {
    for (count, fits) in [(0, true), (123, true), (124, false)] {
      let service = try Service.onMessage("peer:close(4000, ('x'):rep(\(count)))")
      let client = service.connect()
      service.send(client, "")
      #expect(service.heard(client) == (fits ? [.closed(4000, String(repeating: "x", count: count))] : []))
      #expect(service.failures().isEmpty == fits)
    }
  }

  // MARK: Requests

  @Test func anUpgradeIsDecided() throws {
    let service = try Service(
      """
      local policy = {}
      function policy.on_upgrade(request)
        local name = request:query("name")
        if not name then return request:refuse(401, "who?") end
        if request:offers("v2") then request:choose("v2") end
        request:attach("name", name)
        request:attach("from", request:address())
        request:attach("path", request:path())
        request:attach("absent", nil)
      end
      function policy.on_connect(peer)
        peer:send(("%s %s %s %s"):format(peer.name, peer.from, peer.path, peer.absent))
      end
      return policy
      """)
    guard case .refuse(let refusal) = service.upgrade("/a"), refusal.status == 401, refusal.body == Array("who?".utf8)
    else { throw ScriptFailure() }
    guard case .accept(let subprotocol, let attributes) = service.upgrade("/a?name=Ana", subprotocols: ["v1", "v2"])
    else { throw ScriptFailure() }
    #expect(subprotocol == "v2")
    let client = service.connect(attributes: attributes)
    #expect(service.heard(client) == [.text("Ana 192.0.2.7 /a nil")])
    guard case .accept(nil, _) = service.upgrade("/a?name=Bob", subprotocols: ["v1"]) else { throw ScriptFailure() }
  }

  @Test func attributesBeyondTheLimitCloseThePeer() throws {
    let service = try Service(
      "return { on_upgrade = function(request) request:attach('name', ('x'):rep(100)) end }"
    ) { $0.lobbies.attributeBytes = 50 }
    guard case .accept(_, let attributes) = service.upgrade() else { throw ScriptFailure() }
    let client = service.connect(attributes: attributes)
    #expect(service.heard(client) == [.closed(1011, "The policy failed")])
    #expect(!service.mount.isLive(client.peer))
  }

  @Test(arguments: [
    ("request:choose('v9')", "the client does not offer the subprotocol 'v9'"),
    ("request:refuse(199)", "an HTTP status is 200 to 599"),
    ("request:refuse(600)", "an HTTP status is 200 to 599"),
    ("request:answer(200)", "only on_request answers plain HTTP"),
  ])
  func upgradesThatCannotBe(code: String, expected: String) throws {
    let service = try Service("return { on_upgrade = function(request) \(code) end }")
    guard case .refuse(let refusal) = service.upgrade(subprotocols: ["v1"]), refusal.status == 500 else {
      throw ScriptFailure()
    }
    #expect(service.failures().first?.error.message.contains(expected) == true)
  }

  @Test(arguments: [
    ("request:refuse(403)", "only on_upgrade decides over a handshake"),
    ("request:choose('v1')", "only on_upgrade decides over a handshake"),
    ("request:attach('a', 1)", "only on_upgrade decides over a handshake"),
    ("request:answer(20)", "an HTTP status is 200 to 599"),
    ("request:answer(200, 'x', { A = 1 })", "header 'A': the value is a string"),
    (#"request:answer(200, 'x', { A = "b\r\nC: d" })"#, "header 'A' has a character that HTTP does not allow"),
    ("request:answer(200, 'x', { ['A B'] = 'c' })", "header 'A B' has a character that HTTP does not allow"),
  ])
  func answersThatCannotBe(code: String, expected: String) throws {
    let service = try Service("return { on_request = function(request) \(code) end }")
    #expect(service.request("GET /")?.status == 500)
    #expect(service.failures().first?.error.message.contains(expected) == true)
  }

  @Test func aRequestIsAnswered() throws {
    let service = try Service(
      """
      return { on_request = function(request)
        if request:path() == "/silence" then return end
        request:answer(500, "first")
        request:answer(201, request:method() .. tostring(request:query("a")), { ["X-B"] = "2", ["X-A"] = "1" })
      end }
      """)
    #expect(service.request("GET /silence") == nil)
    let answer = try #require(service.request("POST /x?b=1"))
    #expect(answer.status == 201 && answer.body == Array("POSTnil".utf8))
    #expect(answer.headers.map { "\($0.name): \($0.value)" } == ["X-A: 1", "X-B: 2"])
  }
}
