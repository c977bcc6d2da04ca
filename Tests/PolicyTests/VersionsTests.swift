import Policy
import Testing

/// Several versions of the scripts at once. Who is served by which: Tests/Conversations/versions.
@Suite struct VersionsTests {
  /// Joins the lobby that is named, and says which version has heard that.
  private static func policy(_ name: String, _ more: String = "") -> String {
    """
    local policy = {}
    function policy.on_message(peer, message)
      if message:text() == "leave" then return peer:lobby():remove(peer) end
      local lobby = mount:find_lobby(message:text()) or mount:create_lobby(message:text())
      if peer:lobby() ~= lobby then lobby:add(peer, lobby:count() + 1) end
      peer:send("\(name)")
    end
    \(more)
    return policy
    """
  }

  private func scripts(_ source: String) throws -> Scripts {
    try Scripts(policy: Script(path: "scripts/test.lua", source: Array(source.utf8)))
  }

  private func reload(_ service: Service, _ source: String) throws {
    try service.mount.reload(try scripts(source), settings: [], lobbiesFinish: true)
  }

  @Test func eachKeepsItsLobbiesUntilTheLastHasGone() throws {
    let service = try Service(Self.policy("one"))
    let (ana, bob) = (service.connect(), service.connect())
    let first = service.mount.version
    service.send(ana, "old")
    try reload(service, Self.policy("two"))
    service.send(bob, "new")
    service.send(ana, "old")
    #expect(service.heard(ana) == [.text("one"), .text("one")] && service.heard(bob) == [.text("two")])
    #expect(service.mount.versions.map(\.lobbies) == [1, 1] && service.mount.versions.last?.version == first)
    service.send(ana, "leave")
    service.advance(to: service.now + 2000)
    #expect(service.mount.versions.map(\.lobbies) == [1])
    #expect(service.events().contains { if case .finished(let name) = $0 { name.version == first } else { false } })
  }

  @Test func thereCanOnlyBeSoMany() throws {
    let service = try Service(Self.policy("one")) { $0.scriptVersions = 2 }
    let (ana, bob) = (service.connect(), service.connect())
    service.send(ana, "first")
    try reload(service, Self.policy("two"))
    service.send(bob, "second")
    let error = #expect(throws: ScriptError.self) { try reload(service, Self.policy("three")) }
    #expect(error?.complaint.contains("limit script_versions is 2") == true, "\(error?.complaint ?? "")")
    try service.mount.reload(try scripts(Self.policy("four")), settings: [])
    service.send(ana, "first")
    #expect(service.heard(ana).last == .text("four") && service.mount.versions.count == 1)
  }

  @Test func thoseWithoutALobbyMakeRoomAtOnce() throws {
    let service = try Service(Self.policy("one")) { $0.scriptVersions = 2 }
    let ana = service.connect()
    service.send(ana, "lobby")
    for round in 0..<5 {
      try reload(service, Self.policy("round \(round)"))
      service.send(ana, "leave")
      service.send(ana, "lobby")
    }
    #expect(service.heard(ana).last == .text("round 4"))
  }

  @Test(arguments: [
    "return {", "error('no')",
    "return { on_reload = function() mount:create_lobby('x') error('late') end }",
  ])
  func whatDoesNotLoadChangesNothing(_ source: String) throws {
    let service = try Service(Self.policy("one"))
    let (ana, bob) = (service.connect(), service.connect())
    service.send(ana, "old")
    #expect(throws: ScriptError.self) { try reload(service, source) }
    service.send(bob, "old")
    #expect(service.heard(bob) == [.text("one")] && service.mount.versions.map(\.lobbies) == [1])
    try reload(service, Self.policy("two"))
    #expect(throws: ScriptError.self) { try reload(service, source) }
    service.send(bob, "old")
    #expect(service.heard(bob).last == .text("one") && service.mount.versions.count == 2)
  }

  /// It must not migrate what is not its own.
  @Test func aVersionDoesNotReloadTheLobbiesOfAnother() throws {
    let service = try Service(Self.policy("one"))
    service.send(service.connect(), "old")
    let more =
      "function policy.on_reload() mount.seen = #mount:lobbies() mount.found = mount:find_lobby('old') ~= nil end"
    try reload(
      service,
      Self.policy("two", more + " function policy.on_connect(peer) peer:send(mount.seen .. tostring(mount.found)) end"))
    #expect(service.heard(service.connect()) == [.text("0false")])
  }

  @Test func oneThatFailsGivesItsLobbiesToTheOneBefore() throws {
    let service = try Service(Self.policy("one")) { $0.breakerFailures = 2 }
    let (ana, bob) = (service.connect(), service.connect())
    service.send(ana, "old")
    try reload(service, Self.policy("two", "function policy.on_connect() error('bad') end"))
    service.send(bob, "new")
    for _ in 0..<2 { _ = service.connect() }
    service.send(bob, "new")
    #expect(service.heard(bob) == [.text("two"), .text("one")])
    #expect(service.mount.versions.map(\.lobbies) == [2])
    service.send(ana, "old")
    #expect(service.heard(ana).last == .text("one"))
  }

  /// The failures of a version that only finishes its lobbies say nothing about the newest.
  @Test func failuresOfAnElderAreItsOwn() throws {
    let service = try Service(
      Self.policy("one").replacing("peer:send(\"one\")", with: "if peer.bad then error('bad') end peer.bad = true")
    ) {
      $0.breakerFailures = 2
    }
    let ana = service.connect()
    service.send(ana, "old")
    try reload(service, Self.policy("two"))
    let newest = service.mount.version
    for _ in 0..<5 { service.send(ana, "old") }
    #expect(service.failures().count == 5 && service.mount.version == newest)
  }

  @Test func theLastElderIsThereToComeBack() throws {
    let service = try Service(Self.policy("one")) { $0.breakerFailures = 2 }
    let (ana, bob) = (service.connect(), service.connect())
    let first = service.mount.version
    service.send(ana, "old")
    try reload(service, Self.policy("two", "function policy.on_connect() error('bad') end"))
    service.send(bob, "new")
    service.send(ana, "leave")
    service.advance(to: service.now + 2000)
    #expect(service.mount.versions.count == 1 && service.mount.standby.count == 1)
    for _ in 0..<2 { _ = service.connect() }
    #expect(service.mount.version == first)
    service.send(bob, "new")
    #expect(service.heard(bob) == [.text("two"), .text("one")] && service.mount.versions.map(\.lobbies) == [1])
  }

  @Test func aMessageThatIsHandedOverIsAsItCame() throws {
    let source = """
      local policy = {}
      function policy.on_message(peer, message)
        local was = message:is_binary()
        message:as_text()
        local lobby = mount:find_lobby("den") or mount:create_lobby("den")
        if not peer:lobby() then lobby:add(peer, lobby:count() + 1) end
        peer:send(tostring(was))
      end
      return policy
      """
    let service = try Service(source)
    let (ana, bob) = (service.connect(), service.connect())
    service.send(ana, [120], isBinary: true)
    try reload(service, source + " -- two")
    service.send(bob, [120], isBinary: true)
    #expect(service.heard(ana) == [.text("true")] && service.heard(bob) == [.text("true")])
  }

  @Test func memoryStaysTheSame() throws {
    let service = try Service(Self.policy("one"))
    let peers = (0..<2).map { _ in service.connect() }
    var before = 0
    for round in 0..<500 {
      service.send(peers[round % 2], "room \(round)")
      if round > 0 { service.send(peers[(round + 1) % 2], "leave") }
      service.advance(to: service.now + 2000)
      try reload(service, Self.policy("two"))
      if round == 10 { before = service.mount.scriptMemory }
    }
    #expect(service.mount.versions.count == 2 && service.mount.scriptMemory < before + 4096)
  }
}
