import Policy
import Testing
import WebSocket

/// on_disconnect runs exactly once for every peer, however it goes.
@Suite struct DisconnectTests {
  private static let script = """
    local policy = {}

    function policy.on_connect(peer)
      local lobby = mount:find_lobby("den") or mount:create_lobby("den")
      lobby:add(peer, mount:peer_count())
    end

    function policy.on_message(peer, message)
      local lobby = peer:lobby()
      local code = message:integer("code")
      local target = lobby:member(message:integer("of") or 0) or peer
      target:close(code, message:string("reason"))
      if message:boolean("twice") then target:close(4999, "again") end
    end

    function policy.on_disconnect(peer, code, reason)
      local lobby = peer:lobby()
      local id = lobby:id_of(peer)
      relay.log("info", ("%d left: %d '%s' open %s"):format(id, code, reason, peer:is_open()))
      if reason == "chain" then
        local next = lobby:member(id + 1)
        if next then next:close(4000, "chain") end
      elseif reason == "everybody" then
        for _, other in ipairs(lobby:members()) do other:close(4002, "all") end
      end
    end

    return policy
    """

  private func crowd(_ count: Int) throws -> (Service, [Client]) {
    let service = try Service(Self.script)
    return (service, (0..<count).map { _ in service.connect() })
  }

  @Test func whenTheClientCloses() throws {
    let (service, clients) = try crowd(2)
    service.leave(clients[0], 1000, "done")
    #expect(service.logged() == ["1 left: 1000 'done' open false"])
    service.leave(clients[0], 1006)
    #expect(service.logged() == [])
    #expect(service.mount.peerCount == 1)
  }

  @Test func whenTheSocketIsGone() throws {
    let (service, clients) = try crowd(1)
    service.leave(clients[0])
    #expect(service.logged() == ["1 left: 1006 '' open false"])
    service.leave(clients[0])
    service.send(clients[0], #"{"code":1000}"#)
    #expect(service.logged() == [])
    #expect(service.mount.lobbyCount == 0)
  }

  @Test func whenTheScriptCloses() throws {
    let (service, clients) = try crowd(1)
    service.send(clients[0], #"{"code":4001,"reason":"out","twice":true}"#)
    #expect(service.logged() == ["1 left: 4001 'out' open false"])
    #expect(service.heard(clients[0]) == [.closed(4001, "out")])
    // The client answers the close frame, then its socket goes.
    service.leave(clients[0], 4001)
    service.leave(clients[0])
    service.send(clients[0], #"{"code":1000}"#)
    #expect(service.logged() == [])
  }

  @Test func withoutACode() throws {
    let (service, clients) = try crowd(1)
    service.send(clients[0], "{}")
    #expect(service.logged() == ["1 left: 1005 '' open false"])
    #expect(service.heard(clients[0]) == [.closed(nil, "")])
  }

  @Test func whenSomebodyElseIsClosed() throws {
    let (service, clients) = try crowd(3)
    service.send(clients[0], #"{"code":4001,"reason":"kicked","of":2}"#)
    #expect(service.logged() == ["2 left: 4001 'kicked' open false"])
    #expect(service.heard(clients[1]) == [.closed(4001, "kicked")])
    #expect(service.heard(clients[0]) == [])
    #expect(service.mount.peerCount == 2)
  }

  @Test func inAChainOfAThousand() throws {
    let (service, clients) = try crowd(1000)
    service.send(clients[0], #"{"code":4000,"reason":"chain"}"#)
    // On a busy machine a hook may last, and the rest waits for the next turn.
    while service.mount.hasDepartures { service.mount.continueDepartures() }
    #expect(service.logged() == (1...1000).map { "\($0) left: 4000 'chain' open false" })
    #expect(service.mount.peerCount == 0 && service.mount.lobbyCount == 0)
    for client in clients {
      #expect(service.heard(client) == [.closed(4000, "chain")])
      service.leave(client)
    }
    #expect(service.logged() == [])
  }

  @Test func whenADisconnectClosesEverybody() throws {
    let (service, clients) = try crowd(20)
    service.leave(clients[4], 1000, "everybody")
    // As above.
    while service.mount.hasDepartures { service.mount.continueDepartures() }
    let logged = service.logged()
    #expect(logged.count == 20 && Set(logged).count == 20)
    #expect(service.mount.peerCount == 0)
  }

  /// The close of a peer that is on its way out already changes nothing.
  @Test func messagesOfAClosedPeerAreNotHeard() throws {
    let (service, clients) = try crowd(2)
    service.send(clients[0], #"{"code":4001,"of":2}"#)
    _ = service.logged()
    service.send(clients[1], #"{"code":4001,"of":1}"#)
    #expect(service.logged() == [])
    #expect(service.heard(clients[0]) == [])
  }
}
