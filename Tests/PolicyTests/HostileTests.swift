import Policy
import Testing

/// A script that runs amok costs its own event; the next one finds everything as it was.
@Suite struct HostileTests {
  enum Cause: String {
    case raised, instructions, time, memory
  }

  private static let endless = "while true do end"
  private static let bomb = "local all = {} for i = 1, 1e9 do all[i] = ('x'):rep(1000):rep(100) .. i end"
  private static let recursion = "local function deeper() return 1 + deeper() end deeper()"
  private static let pattern = "return ('a'):rep(5000):find(('.-'):rep(9) .. 'b')"

  static let attacks: [(String, [Cause])] = [
    (endless, [.instructions]),
    ("while pcall(function() \(endless) end) do end", [.instructions]),
    ("repeat pcall(function() \(endless) end) until false", [.instructions]),
    ("xpcall(function() \(endless) end, function() \(endless) end)", [.instructions]),
    (bomb, [.memory]),
    ("while true do pcall(function() \(bomb) end) end", [.memory]),
    ("local text = 'x' while true do text = text .. text end", [.memory, .instructions]),
    ("local text = ('x'):rep(1000):rep(900000)", [.memory, .instructions]),
    (pattern, [.instructions]),
    ("pcall(function() \(pattern) end)", [.instructions]),
    (recursion, [.raised]),
    ("while true do pcall(function() \(recursion) end) end", [.raised, .instructions]),
    ("local loop = setmetatable({}, {}) getmetatable(loop).__index = loop local x = loop.x", [.raised]),
    ("local loop = setmetatable({}, {}) getmetatable(loop).__call = loop loop()", [.raised, .instructions, .memory]),
    ("local turn <close> = setmetatable({}, { __close = function() \(endless) end })", [.instructions]),
    ("error(setmetatable({}, { __tostring = function() \(endless) end }))", [.instructions]),
    ("error(nil)", [.raised]),
    ("error(('x'):rep(100000))", [.raised]),
    ("while true do peer:send(('x'):rep(1000)) end", [.instructions, .memory]),
    ("for i = 1, 1e9 do mount:create_lobby('lobby' .. i) end", [.raised, .instructions]),
    ("for i = 1, 1e9 do peer['a' .. i] = i end", [.raised]),
    ("policy.timers.x = print while true do peer:after(1, 'x') end", [.instructions]),
    ("while true do pcall(peer.after, peer, 1, 'x') end", [.instructions]),
    ("while true do random.text(65536) end", [.instructions, .memory]),
    ("while true do crypto.sha256(message:text()) end", [.instructions]),
    (
      "local t = {} for i = 1, 100 do t[i] = i end while true do table.sort(t, function() return true end) end",
      [.raised, .instructions]
    ),
    ("while true do json.decode('[1,2,3]') end", [.instructions]),
    ("local t = {} t[1] = t return json.encode(t)", [.raised]),
    ("while true do message:forward(peer, { a = { 1, 2, 3 } }) end", [.instructions]),
  ]

  @Test(arguments: attacks.map(\.0))
  func anAttackCostsItsOwnEvent(code: String) throws {
    let causes = try #require(Self.attacks.first { $0.0 == code }).1
    let service = try Service.onMessage("if message:text() == 'ok' then return peer:send('fine') end \(code)") {
      $0.scriptBytes = 8 << 20
      $0.hookMilliseconds = 100
    }
    let (attacker, other) = (service.connect(), service.connect())
    for _ in 0..<3 {
      let start = ContinuousClock.now
      service.send(attacker, "{}")
      #expect(ContinuousClock.now - start < .seconds(2))
      let failures = service.failures()
      #expect(failures.count == 1)
      let error = try #require(failures.first).error
      // On a slow or busy machine any of them may run out of time instead.
      #expect((causes + [.time]).contains { "\(error.cause)" == $0.rawValue }, "\(error.cause): \(error.firstLine)")
      #expect(error.message.utf8.count <= 65_536)
      #expect(service.heard(attacker) == [])
      service.send(other, "ok")
      #expect(service.heard(other) == [.text("fine")])
    }
    #expect(service.mount.lobbyCount == 0 && service.mount.nextDeadline() == nil)
    #expect(service.mount.scriptMemory < 8 << 20)
    service.send(attacker, "ok")
    #expect(service.heard(attacker) == [.text("fine")])
  }

  @Test func wallTimeIsLimitedToo() throws {
    let service = try Service.onMessage("if message:text() == 'ok' then return peer:send('fine') end while true do end")
    { limits in
      limits.hookInstructions = 0
      limits.hookMilliseconds = 20
    }
    let client = service.connect()
    service.send(client, "go")
    let error = try #require(service.failures().first?.error)
    guard case .time = error.cause else {
      Issue.record("\(error)")
      return
    }
    #expect(error.firstLine == "scripts/test.lua:4: time budget exhausted (20000 microseconds)")
    service.send(client, "ok")
    #expect(service.heard(client) == [.text("fine")])
  }

  /// Every hook fails, in every way; the mount goes on.
  @Test(arguments: ["error('always')", endless, bomb, recursion])
  func errorsInEveryHook(code: String) throws {
    let service = try Service(
      """
      local policy = { timers = {} }
      local calm = true
      function policy.on_upgrade(request) \(code) end
      function policy.on_request(request) \(code) end
      function policy.on_connect(peer)
        if mount:peer_count() > 2 then \(code) end
        peer:after(1, "ring")
      end
      function policy.on_message(peer) \(code) end
      function policy.on_disconnect(peer) \(code) end
      function policy.timers.ring(peer) \(code) end
      return policy
      """
    ) { limits in
      limits.hookInstructions = 200_000
      limits.scriptBytes = 4 << 20
    }
    guard case .refuse(let refusal) = service.upgrade(), refusal.status == 500 else { throw ScriptFailure() }
    #expect(service.request("GET /")?.status == 500)
    let clients = [service.connect(), service.connect(), service.connect()]
    #expect(service.heard(clients[2]) == [.closed(1011, "The policy failed")])
    service.send(clients[0], "x")
    service.advance(to: 5000)
    for client in clients { service.leave(client) }
    #expect(
      service.failures().map(\.hook) == [
        "on_upgrade", "on_request", "on_connect", "on_disconnect", "on_message", "timers.ring", "timers.ring",
        "on_disconnect", "on_disconnect",
      ])
    #expect(service.mount.peerCount == 0 && service.mount.nextDeadline() == nil)
  }
}
