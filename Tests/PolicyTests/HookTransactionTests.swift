import Policy
import Testing
import WebSocket

/// A hook is all or nothing (contract 2).
@Suite struct HookTransactionTests {
  /// Does a bit of everything, and raises when the message says so.
  private static let everything = """
    local policy = { timers = {} }
    local first

    function policy.on_connect(peer)
      if first then return end
      first = peer
      local lobby = mount:create_lobby("den")
      lobby:add(peer, 1)
      lobby.colour = "red"
      peer.score = 1
      mount.total = 1
      peer:after(5, "kept")
    end

    local function describe(peer)
      local words = {}
      for _, lobby in ipairs(mount:lobbies()) do
        local ids = {}
        for _, member in ipairs(lobby:members()) do ids[#ids + 1] = tostring(lobby:id_of(member)) end
        words[#words + 1] = ("%s(%s)%s%s"):format(lobby:name(), table.concat(ids, ","), lobby:is_sealed() and "!" or "",
          tostring(lobby.colour))
      end
      table.sort(words)
      words[#words + 1] = ("score %s new %s total %s open %s"):format(
        first.score, first.new, mount.total, first:is_open())
      return table.concat(words, " ")
    end

    function policy.on_message(peer, message)
      local how = message:text()
      if how == "look" then return relay.log("info", describe(peer)) end
      peer:send("one")
      first:send_binary("two")
      local new = mount:create_lobby("new")
      new:add(peer, "p")
      new:add(first, "f")
      new:broadcast("three")
      local den = mount:find_lobby("den")
      den:add(peer, 2)
      den:seal()
      den.colour = nil
      new.colour = "blue"
      first.score, first.new, mount.total = 2, true, nil
      assert(first:cancel("kept"))
      first:after(1, "late")
      den:after(1, "late")
      mount:after(1, "late")
      new:replace(peer, peer) -- luacheck: ignore
    end

    function policy.timers.kept(peer) relay.log("info", "kept fired") end
    function policy.timers.late(subject) relay.log("info", "late fired") end
    return policy
    """

  /// How the hook ends once it has done everything: with an error of each kind.
  private static let endings = [
    #"error("enough")"#, "error()", "local nothing = nil; nothing.field = 1", "peer:close(1)", "while true do end",
    #"local much = {}; for i = 1, 1e9 do much[i] = ("x"):rep(1000) .. i end"#,
    "local function deeper() return 1 + deeper() end; deeper()", "mount:create_lobby('new')",
    #"("a"):rep(5000):find((".-"):rep(9) .. "b")"#, #"pcall(function() while true do end end)"#,
  ]

  private func service(ending: String) throws -> Service {
    try Service(Self.everything.replacing("new:replace(peer, peer) -- luacheck: ignore", with: ending))
  }

  @Test(arguments: endings)
  func aFailedHookHasNotHappened(ending: String) throws {
    let service = try service(ending: "first:close(4000, 'gone')\n" + ending)
    let (first, second) = (service.connect(), service.connect())
    service.send(second, "look")
    let before = service.logged()
    #expect(before == ["den(1)red score 1 new nil total 1 open true"])
    let deadline = service.mount.nextDeadline()

    service.send(second, "go")
    let failures = service.failures()
    #expect(failures.count == 1 && failures.first?.hook == "on_message")
    #expect(failures.first?.error.message.contains("scripts/test.lua:") == true)
    #expect(service.outbox.waiting(first.outlet) == 0 && service.outbox.waiting(second.outlet) == 0)
    #expect(service.outbox.takeTouched() == nil)
    #expect(service.mount.lobbyCount == 1 && service.mount.peerCount == 2)
    #expect(service.mount.nextDeadline() == deadline)
    #expect(service.mount.counters.hookFailures == 1)
    service.send(second, "look")
    #expect(service.logged() == before)
    service.advance(to: 10_000)
    #expect(service.logged() == ["kept fired"])
  }

  /// Neither the relay's counters nor the script's own know of it.
  @Test func aFailedHookCountsNothing() throws {
    let service = try Service.onMessage(
      """
      relay.count("all")
      relay.count("all")
      peer:send("counted")
      if message:text() == "fail" then
        relay.count("new", 5)
        error("enough")
      end
      """)
    let client = service.connect()
    for text in ["fail", "ok", "fail", "fail", "ok"] { service.send(client, text) }
    let counters = service.mount.counters
    #expect(counters.script == ["all": 4])
    #expect(counters.messagesOut == 2 && counters.messagesIn == 5 && counters.hookFailures == 3)
  }

  @Test func aHookThatReturnsHasHappened() throws {
    let service = try service(ending: "first:close(4000, 'gone')")
    let (first, second) = (service.connect(), service.connect())
    service.send(second, "go")
    #expect(service.failures().isEmpty)
    #expect(service.heard(first) == [.binary(Array("two".utf8)), .text("three"), .closed(4000, "gone")])
    #expect(service.heard(second) == [.text("one"), .text("three")])
    service.advance(to: 10_000)
    // The timer of the first peer went with it.
    #expect(service.logged() == ["late fired", "late fired"])
  }

  @Test func effectsAreVisibleInsideTheHook() throws {
    let service = try Service.onMessage(
      """
      local lobby = mount:create_lobby("den")
      assert(mount:find_lobby("den") == lobby and mount:lobby_count() == 1)
      lobby:add(peer, 7)
      assert(lobby:member(7) == peer and peer:lobby() == lobby and lobby:id_of(peer) == 7 and lobby:count() == 1)
      lobby:seal()
      assert(lobby:is_sealed())
      peer.name, lobby.name_of_owner = "Ana", "Ana"
      assert(peer.name == "Ana" and lobby.name_of_owner == "Ana")
      peer.name = nil
      assert(peer.name == nil)
      peer:after(1, "ring")
      assert(peer:cancel("ring") and not peer:cancel("ring"))
      peer:close(4000)
      assert(not peer:is_open() and peer:lobby() == lobby)
      peer:send("too late")
      peer:close(4001, "closed once only")
      lobby:remove(peer)
      assert(not lobby:is_open() and mount:lobby_count() == 0 and peer:lobby() == nil)
      relay.log("info", "end")
      """, before: "function policy.timers.ring() end")
    let client = service.connect()
    service.send(client, "go")
    #expect(service.logged() == ["end"])
    #expect(service.heard(client) == [.closed(4000, "")])
  }

  /// What waited before the failed hook still goes out, and so does what follows it.
  @Test func aFailureCutsOffOnlyItsOwnFrames() throws {
    let service = try Service.onMessage(
      """
      peer:send(message:text() .. " 1")
      peer:send(("x"):rep(70000))
      if message:text() == "fail" then error("enough") end
      """)
    let client = service.connect()
    for text in ["a", "fail", "fail", "b", "fail"] { service.send(client, text) }
    let long = Heard.text(String(repeating: "x", count: 70000))
    #expect(service.heard(client) == [.text("a 1"), long, .text("b 1"), long])
  }

  // MARK: What a failure costs, hook by hook

  @Test func aFailedUpgradeRefuses() throws {
    let service = try Service(
      "return { on_upgrade = function(request) request:choose('chat'); error('enough') end }")
    guard case .refuse(let refusal) = service.upgrade(subprotocols: ["chat"]) else {
      Issue.record("accepted")
      return
    }
    #expect(refusal.status == 500 && refusal.body == Array("The policy failed; its log says why.\n".utf8))
    #expect(service.failures().map(\.hook) == ["on_upgrade"])
  }

  @Test func aFailedRequestAnswers500() throws {
    let service = try Service("return { on_request = function(request) request:answer(200); error('enough') end }")
    #expect(service.request("GET /")?.status == 500)
    #expect(service.failures().map(\.hook) == ["on_request"])
  }

  @Test func aFailedConnectClosesWith1011() throws {
    let service = try Service(
      """
      return {
        on_connect = function(peer) peer:send("hello"); error("enough") end,
        on_disconnect = function(peer, code, reason) relay.log("info", code .. " " .. reason) end,
      }
      """)
    let client = service.connect()
    #expect(service.heard(client) == [.closed(1011, "The policy failed")])
    #expect(service.logged() == ["1011 The policy failed"], "on_disconnect comes at once")
    #expect(!service.mount.isLive(client.peer))
    service.leave(client)
    #expect(service.logged() == [])
  }

  @Test func aFailedTimerIsOverAndOthersGoOn() throws {
    let service = try Service(
      """
      local policy = { timers = {} }
      function policy.on_connect(peer)
        peer:after(1, "bad")
        peer:after(2, "good")
      end
      function policy.timers.bad(peer)
        peer:send("bad")
        peer:after(1, "bad")
        error("enough")
      end
      function policy.timers.good(peer) peer:send("good") end
      return policy
      """)
    let client = service.connect()
    service.advance(to: 20_000)
    #expect(service.failures().map(\.hook) == ["timers.bad"])
    #expect(service.heard(client) == [.text("good")])
    #expect(service.mount.nextDeadline() == nil)
  }

  @Test func aFailedDisconnectStillRemovesThePeer() throws {
    let service = try Service(
      """
      return {
        on_connect = function(peer) (mount:find_lobby("den") or mount:create_lobby("den")):add(peer, peer:address()) end,
        on_disconnect = function(peer)
          peer:lobby():broadcast("bye")
          error("enough")
        end,
      }
      """)
    let (one, other) = (service.connect(address: "a"), service.connect(address: "b"))
    service.leave(one)
    #expect(service.failures().map(\.hook) == ["on_disconnect"])
    #expect(!service.mount.isLive(one.peer) && service.mount.peerCount == 1)
    #expect(service.heard(other) == [])
    service.leave(other)
    #expect(service.mount.lobbyCount == 0)
  }
}
