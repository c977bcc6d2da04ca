import Testing

@testable import Policy

/// A version of the scripts replaced by another one, in service.
@Suite struct ReloadTests {
  /// Joins everybody to one lobby, counts in attributes, and says which version it is.
  private static func policy(_ name: String, _ more: String = "") -> String {
    """
    local settings = relay.settings { motto = "none" }
    local policy = { timers = {} }
    function policy.on_connect(peer)
      local lobby = mount:find_lobby("den") or mount:create_lobby("den")
      lobby:add(peer, lobby:count() + 1)
      peer:after(10, "ring", "\(name)")
    end
    function policy.on_message(peer, message)
      peer.count = (peer.count or 0) + 1
      local lobby, id = peer:lobby()
      peer:send("\(name) " .. id .. " of " .. lobby:count() .. " " .. peer.count .. " " .. settings.motto)
    end
    function policy.timers.ring(peer, from) peer:send("ring of " .. from .. " in \(name)") end
    \(more)
    return policy
    """
  }

  private func scripts(_ source: String, plugins: [(name: String, source: String)] = []) throws -> Scripts {
    try Scripts(
      policy: Script(path: "scripts/test.lua", source: Array(source.utf8)),
      plugins: plugins.map { Script(path: "plugins/\($0.name).lua", source: Array($0.source.utf8), isPlugin: true) })
  }

  @Test func everythingButTheScriptStays() throws {
    let service = try Service(Self.policy("one"))
    let (ana, bob) = (service.connect(), service.connect())
    service.send(ana, "x")
    service.send(bob, "x")
    let before = service.mount.version
    try service.mount.reload(try scripts(Self.policy("two")), settings: [("motto", "new")])
    #expect(service.mount.version != before && service.mount.peerCount == 2 && service.mount.lobbyCount == 1)
    service.send(ana, "x")
    #expect(service.heard(ana) == [.text("one 1 of 2 1 none"), .text("two 1 of 2 2 new")])
    service.advance(to: 60_000)
    #expect(service.heard(ana) == [.text("ring of one in two")], "timers stay, and run in the new version")
    #expect(service.heard(bob) == [.text("one 2 of 2 1 none"), .text("ring of one in two")])
  }

  static let broken = [
    ("return {", "scripts/test.lua:1:"), ("error('no')", "scripts/test.lua:1: no"),
    ("while true do end", "budget exhausted"), ("local t = {} for i = 1, 1e9 do t[i] = {} end", "test.lua"),
    ("return { on_message = 5 }", "hook 'on_message' is a number"), ("require 'gone' return {}", "gone.lua"),
    ("", "returns nothing"), ("return { on_mesage = print }", "did you mean 'on_message'"),
    ("return { on_reload = function() error('not me') end }", "not me"),
    ("mount:create_lobby('new') mount.x = 1 error('late')", "late"),
    ("return { on_reload = function() mount:create_lobby('new') mount.x = 1 error('late') end }", "late"),
  ]

  @Test(arguments: broken)
  func whatDoesNotLoadChangesNothing(_ source: String, _ expected: String) throws {
    let service = try Service(Self.policy("one")) { $0.scriptBytes = 4 << 20 }
    let ana = service.connect()
    let (version, files) = (service.mount.version, service.mount.files)
    let error = #expect(throws: ScriptError.self) { try service.mount.reload(try scripts(source), settings: []) }
    #expect(error?.complaint.contains(expected) == true, "\(error?.complaint ?? "")")
    #expect(service.mount.version == version && service.mount.files == files && service.mount.lobbyCount == 1)
    service.send(ana, "x")
    #expect(service.heard(ana) == [.text("one 1 of 1 1 none")])
    #expect(service.failures().isEmpty)
  }

  @Test func theNewVersionHearsWhatItReplaces() throws {
    let service = try Service(Self.policy("one"))
    let ana = service.connect()
    service.send(ana, "x")
    let old = service.mount.version
    try service.mount.reload(
      try scripts(
        Self.policy(
          "two",
          """
          function policy.on_reload(previous)
            for _, peer in ipairs(mount:peers()) do peer.count = 100 peer:send("was " .. previous) end
          end
          """)), settings: [])
    service.send(ana, "x")
    #expect(service.heard(ana).dropFirst() == [.text("was \(old)"), .text("two 1 of 1 101 none")])
  }

  @Test func requiredModulesAreLoadedAnew() throws {
    final class Shelf { var text = "return 'first'" }
    let shelf = Shelf()
    let source = "local word = require 'word' return { on_message = function(peer) peer:send(word) end }"
    let service = try Service(source, read: { $0 == "scripts/word.lua" ? Array(shelf.text.utf8) : nil })
    let client = service.connect()
    let version = service.mount.version
    #expect(service.mount.files == ["scripts/test.lua", "scripts/word.lua"])
    shelf.text = "return 'second'"
    try service.mount.reload(try scripts(source), settings: [])
    service.send(client, "x")
    #expect(service.heard(client) == [.text("second")])
    #expect(service.mount.version != version, "a module is part of the version")
  }

  @Test func pluginsComeAndGo() throws {
    let service = try Service(Self.policy("one"))
    let client = service.connect()
    let plugin = ("guard", "return { on_message = function(peer) peer:send('plugin') return true end }")
    try service.mount.reload(try scripts(Self.policy("one"), plugins: [plugin]), settings: [])
    service.send(client, "x")
    try service.mount.reload(try scripts(Self.policy("one")), settings: [])
    service.send(client, "x")
    #expect(service.heard(client) == [.text("plugin"), .text("one 1 of 1 1 none")])
  }

  @Test func aVersionThatFailsAgainAndAgainGivesWay() throws {
    let service = try Service(Self.policy("one")) { limits in
      limits.breakerFailures = 3
      limits.breakerMilliseconds = 1000
    }
    let client = service.connect()
    let good = service.mount.version
    for _ in 0..<2 {
      // Loading it twice, as a save and SIGHUP may do, is no reason to come back to it.
      try service.mount.reload(try scripts("return { on_message = function() error('bad') end }"), settings: [])
    }
    for _ in 0..<2 { service.send(client, "x") }
    service.advance(to: service.now + 2000)
    for _ in 0..<2 { service.send(client, "x") }
    #expect(service.mount.version != good, "the first two are long ago")
    service.send(client, "x")
    service.advance(to: service.now + 1)
    #expect(service.mount.version == good)
    service.send(client, "x")
    #expect(service.heard(client) == [.text("one 1 of 1 1 none")])
    let events = service.events()
    #expect(events.contains { if case .fellBack(_, let to) = $0 { to.version == good } else { false } })
  }

  @Test func memoryStaysTheSame() throws {
    let service = try Service(Self.policy("one"))
    let client = service.connect()
    try service.mount.reload(try scripts(Self.policy("two")), settings: [])
    let before = service.mount.scriptMemory
    for _ in 0..<1000 { try service.mount.reload(try scripts(Self.policy("two")), settings: []) }
    #expect(service.mount.scriptMemory < before + 4096)
    service.send(client, "x")
    #expect(service.heard(client).count == 1)
  }

  @Test func oneClientDoesNotUndoAReload() throws {
    let service = try Service(Self.policy("one")) { $0.breakerFailures = 4 }
    let (ana, bob) = (service.connect(address: "192.0.2.1"), service.connect(address: "192.0.2.2"))
    let source = """
      local policy = { timers = {} }
      function policy.on_message(peer, message)
        local lobby = mount:find_lobby(message:text()) or mount:create_lobby(message:text())
        lobby:add(peer, 1)
        for second = 1, 9 do lobby:after(second, "bad" .. second) end
      end
      for second = 1, 9 do policy.timers["bad" .. second] = function() error("bad") end end
      return policy
      """
    try service.mount.reload(try scripts(source), settings: [])
    let second = service.mount.version
    service.send(ana, "hers")
    service.advance(to: service.now + 9000)
    #expect(service.failures().count == 9 && service.mount.version == second, "the timers of her lobby are hers")
    service.send(bob, "his")
    service.advance(to: service.now + 2000)
    #expect(service.mount.version != second)
  }

  @Test func modulesAreLoadedWithTheScript() throws {
    final class Shelf { var reads = 0 }
    let shelf = Shelf()
    let source = """
      local word = require "word"
      return { on_message = function(peer, message) peer:send(require(message:text())) end }
      """
    let service = try Service(
      source,
      read: { path in
        shelf.reads += 1
        return path.hasSuffix("/word.lua") ? Array("return 'a word'".utf8) : Array("error('no')".utf8)
      })
    let (client, reads) = (service.connect(), shelf.reads)
    for _ in 0..<100 { service.send(client, "other") }
    service.send(client, "word")
    #expect(service.heard(client) == [.text("a word")] && shelf.reads == reads)
    let failures = service.failures()
    #expect(failures.count == 100 && failures[0].error.message.contains("require it at the top of the file"))
    #expect(service.mount.files == ["scripts/test.lua", "scripts/word.lua"])
  }
}

@Suite struct CircuitBreakerTests {
  private func breaker() -> CircuitBreaker {
    var limits = MountLimits()
    (limits.breakerFailures, limits.breakerMilliseconds) = (8, 1000)
    return CircuitBreaker(limits)
  }

  @Test(arguments: [
    (["192.0.2.1"], 1, true), (["192.0.2.1"], 2, false), (["192.0.2.1", "192.0.2.2"], 2, true),
    (["192.0.2.1", "192.0.2.2", "192.0.2.3"], 4, false),
    (["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"], 4, true),
    (["2001:db8:1:2::1", "2001:db8:1:2:3::4", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"], 4, false),
    (["2001:db8::1", "2001:db8::2", "2001:db8:0:1::1", "2001:db8:1::1"], 4, false),
    (["2001:db8:1::1", "2001:db8:2::1", "2001:db8:3::1", "2001:db8:4::1"], 4, true),
  ])
  func oneNetworkAloneDoesNotTripIt(_ addresses: [String], _ networks: Int, _ trips: Bool) {
    var breaker = breaker()
    for round in 0..<80 {
      let network = CircuitBreaker.network(of: addresses[round % addresses.count])
      breaker.note(now: 0, network: network, of: networks)
    }
    #expect(breaker.hasTripped == trips)
  }

  @Test func whatIsNobodysCounts() {
    var breaker = breaker()
    for _ in 0..<7 { breaker.note(now: 0, network: nil, of: 4) }
    #expect(!breaker.hasTripped)
    breaker.note(now: 1001, network: nil, of: 4)
    #expect(!breaker.hasTripped, "the others are long ago")
    for _ in 0..<7 { breaker.note(now: 1001, network: nil, of: 4) }
    #expect(breaker.hasTripped)
  }
}
