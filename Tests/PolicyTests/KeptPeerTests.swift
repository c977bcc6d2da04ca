import Policy
import Testing
import WebSocket

/// Peers that outlive their connection: kept by a plugin, taken over by a newcomer.
@Suite struct KeptPeerTests {
  private static let policy = """
    local policy = { timers = {} }
    function policy.on_connect(peer)
      local lobby = mount:find_lobby("den") or mount:create_lobby("den")
      lobby:add(peer, lobby:count() + 1)
      peer:send("welcome " .. lobby:id_of(peer))
    end
    function policy.on_message(peer, message)
      local lobby, id = peer:lobby()
      if message:text() == "close" then return lobby:member(1):close(4001, "bye") end
      lobby:broadcast(id .. ":" .. message:text() .. ":" .. peer:address(), peer)
    end
    function policy.on_disconnect(peer, code, reason)
      peer:lobby():broadcast("left " .. code .. reason, peer)
    end
    return policy
    """
  private static let resume = """
    local plugin = {}
    local kept
    function plugin.on_connect(peer)
      if not (kept and kept:is_open()) then kept = kept or peer return end
      peer:send("resumed")
      kept:take_over(peer)
      return true
    end
    function plugin.on_disconnect(peer, code)
      if code ~= 1000 and peer == kept then return peer:keep(5) end
    end
    return plugin
    """

  @Test func keepingCountsForNoLimitOnTimers() throws {
    let service = try Service(
      """
      local policy = { timers = { tick = function() end } }
      function policy.on_connect(peer) peer:after(100, "tick") end
      return policy
      """,
      plugins: [("resume", "return { on_disconnect = function(peer) return peer:keep(5) end }")],
      limits: { $0.lobbies.timersPerSubject = 1 })
    service.leave(service.connect())
    #expect(service.failures().isEmpty)
    #expect(service.mount.peerCount == 1)
  }

  @Test func noScriptEndsTheWait() throws {
    let service = try Service.onMessage(
      "mount:peers()[1]:cancel(message:text())",
      plugins: [("resume", "return { on_disconnect = function(peer) return peer:keep(5) end }")])
    let (ana, bob) = (service.connect(), service.connect())
    service.leave(ana)
    for name in ["", "resume.tick"] { service.send(bob, name) }
    #expect(service.failures().count == 2)
    service.advance(to: service.now + 5000)
    #expect(service.mount.peerCount == 1, "only the other one is left")
  }

  @Test func whatWasSentMeanwhileIsHeardAfterwards() throws {
    let service = try Service(
      Self.policy,
      plugins: [
        (
          "resume",
          """
          local plugin = {}
          local kept
          function plugin.on_connect(peer)
            if not kept then return end
            peer:send("resumed")
            kept:take_over(peer)
            kept = nil
            return true
          end
          function plugin.on_disconnect(peer, code) if code == 1006 then kept = peer return peer:keep(5) end end
          return plugin
          """
        )
      ])
    let (ana, bob) = (service.connect(address: "192.0.2.1"), service.connect(address: "192.0.2.2"))
    _ = (service.heard(ana), service.heard(bob))
    service.leave(ana)
    #expect(service.heard(bob).isEmpty, "the others see nothing")
    service.send(bob, "one")
    service.send(bob, "two")
    let again = service.connect(address: "192.0.2.9")
    #expect(service.heard(again) == [.text("resumed"), .text("2:one:192.0.2.2"), .text("2:two:192.0.2.2")])
    #expect(again.peer == ana.peer && service.mount.peerCount == 2)
    service.send(again, "back")
    #expect(service.heard(bob) == [.text("1:back:192.0.2.9")])
    service.advance(to: service.now + 60_000)
    #expect(service.heard(bob).isEmpty, "the wait is over with the return")
    service.leave(again)
    service.advance(to: service.now + 4_999)
    #expect(service.heard(bob).isEmpty)
    service.advance(to: service.now + 1)
    #expect(service.heard(bob) == [.text("left 1006")])
    #expect(service.mount.peerCount == 1)
  }

  @Test func aPeerCanBeTakenOverThatStillHasAConnection() throws {
    let service = try Service(Self.policy, plugins: [("resume", Self.resume)])
    let ana = service.connect()
    _ = service.heard(ana)
    let again = service.connect()
    #expect(service.heard(ana) == [.closed(4000, "Resumed elsewhere")])
    #expect(service.heard(again) == [.text("resumed")])
    #expect(again.peer == ana.peer)
    service.leave(ana, 4000)
    #expect(service.mount.peerCount == 1, "the end of the old connection is nobody's leave")
    service.leave(again, 1000)
    #expect(service.mount.peerCount == 0)
  }

  @Test func aKeptPeerCanBeClosed() throws {
    let service = try Service(
      Self.policy,
      plugins: [("resume", "return { on_disconnect = function(peer) return peer:keep(5) end }")])
    let (ana, bob) = (service.connect(), service.connect())
    _ = (service.heard(ana), service.heard(bob))
    service.leave(ana)
    service.send(bob, "close")
    #expect(service.heard(bob) == [.text("left 4001bye")])
    #expect(service.mount.peerCount == 1)
    service.advance(to: service.now + 60_000)
    #expect(service.failures().isEmpty)
  }

  @Test func thereIsALimitToThem() throws {
    let service = try Service(
      Self.policy,
      plugins: [("resume", "return { on_disconnect = function(peer) return peer:keep(5) end }")],
      limits: { $0.keptPeers = 1 })
    let (ana, bob, cid) = (service.connect(), service.connect(), service.connect())
    service.leave(ana)
    #expect(service.mount.peerCount == 3)
    service.leave(bob)
    #expect(service.mount.peerCount == 2)
    #expect(service.heard(cid).last == .text("left 1006"))
  }

  @Test func whatWaitsIsBounded() throws {
    let service = try Service(
      Self.policy,
      plugins: [("resume", "return { on_disconnect = function(peer) return peer:keep(5) end }")],
      limits: { $0.keptBytes = 100 })
    let (ana, bob) = (service.connect(), service.connect())
    service.leave(ana)
    _ = service.heard(bob)
    for _ in 0..<10 { service.send(bob, String(repeating: "x", count: 20)) }
    #expect(service.mount.peerCount == 1, "closed as a slow reader")
    #expect(service.limitsReached() == ["kept_bytes (100)"])
  }

  @Test(arguments: [
    ("on_message", "peer:keep(5)", "on_disconnect"), ("on_message", "peer:take_over(peer)", "on_connect"),
    ("on_disconnect", "peer:keep(0)", "seconds"), ("on_connect", "peer:take_over(peer)", "own connection"),
  ])
  func elsewhereItIsAMistake(_ hook: String, _ statement: String, _ word: String) throws {
    let service = try Service("return { \(hook) = function(peer) \(statement) end }")
    let client = service.connect()
    service.send(client, "x")
    service.leave(client)
    #expect(service.failures().first?.error.firstLine.contains(word) == true)
  }

  @Test func aFailedHookKeepsNobody() throws {
    let service = try Service(
      "return { on_disconnect = function(peer) peer:keep(5) error('x') end }")
    service.leave(service.connect())
    #expect(service.mount.peerCount == 0)
  }
}
