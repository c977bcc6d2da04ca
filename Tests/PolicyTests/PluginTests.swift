import Policy
import Testing

/// Plugins before a policy: the chain, its verdicts, and what only plugins are asked.
@Suite struct PluginTests {
  /// A policy that joins the lobby named by a message, and says what became of it.
  static let joining = """
    local policy = { timers = {} }
    function policy.on_message(peer, message)
      local name = message:text()
      local lobby = mount:find_lobby(name) or mount:create_lobby(name)
      if name:find("^ask") then
        local admitted, reason = lobby:admits(peer)
        if not admitted then return peer:send("no: " .. reason) end
      end
      peer:send("joining")
      lobby:add(peer, peer.number or 1)
      peer:send("in " .. lobby:name())
    end
    function policy.on_disconnect(peer) for _, lobby in ipairs(peer:lobbies()) do lobby:broadcast("left") end end
    return policy
    """

  private func plugin(_ name: String, _ body: String) -> (name: String, source: String) {
    (name, "local plugin = { timers = {} }\n\(body)\nreturn plugin")
  }

  @Test func theFirstVerdictWins() throws {
    let service = try Service(
      "return { on_message = function(peer) peer:send('policy') end }",
      plugins: [
        plugin("one", "function plugin.on_message(peer, m) peer:send('one'); return m:text() == 'one' end"),
        plugin("two", "function plugin.on_message(peer, m) peer:send('two'); return m:text() == 'two' end"),
      ])
    let client = service.connect()
    service.send(client, "one")
    #expect(service.heard(client) == [.text("one")])
    service.send(client, "two")
    #expect(service.heard(client) == [.text("one"), .text("two")])
    service.send(client, "three")
    #expect(service.heard(client) == [.text("one"), .text("two"), .text("policy")])
  }

  @Test func aClosingPluginNeedsOneLine() throws {
    let service = try Service(
      "return { on_message = function(peer) peer:send('policy') end }",
      plugins: [plugin("one", "function plugin.on_message(peer) return peer:close(4001, 'no') end")])
    let client = service.connect()
    service.send(client, "hello")
    #expect(service.heard(client) == [.closed(4001, "no")])
  }

  @Test func aRefusedHandshakeIsNotShownToThePolicy() throws {
    let service = try Service(
      "return { on_upgrade = function(request) request:attach('x', 1) end }",
      plugins: [plugin("one", "function plugin.on_upgrade(request) return request:refuse(403, 'no') end")])
    guard case .refuse(let refusal) = service.upgrade() else {
      Issue.record("accepted")
      return
    }
    #expect(refusal.status == 403 && refusal.body == Array("no".utf8))
  }

  @Test func aFailingPluginFailsTheEvent() throws {
    let service = try Service(
      "return { on_message = function(peer) peer:send('policy') end }",
      plugins: [plugin("one", "function plugin.on_message(peer) peer:send('one'); error('broken') end")])
    let client = service.connect()
    service.send(client, "hello")
    #expect(service.heard(client).isEmpty)
    #expect(service.failures().map(\.hook) == ["on_message"])
  }

  @Test func aFailingPluginDoesNotKeepThePolicyFromCleaningUp() throws {
    let service = try Service(
      Self.joining, plugins: [plugin("one", "function plugin.on_disconnect() error('broken') end")])
    let (ana, bob) = (service.connect(), service.connect(attributes: []))
    service.send(ana, "den")
    _ = service.heard(ana)
    service.leave(ana, 1000)
    service.send(bob, "den")
    #expect(service.heard(bob) == [.text("joining"), .text("in den")], "the lobby is a new one")
    #expect(service.failures().count == 1)
  }

  // MARK: Timers and settings

  @Test func timersBelongToWhoeverStartsThem() throws {
    let service = try Service(
      """
      local policy = { timers = {} }
      function policy.on_connect(peer) peer:after(1, "ring", "p") end
      function policy.timers.ring(peer, x) peer:send("policy " .. x) end
      return policy
      """,
      plugins: [
        plugin(
          "one",
          """
          function plugin.on_connect(peer) peer:after(1, "ring", "a"); peer:after(1, "other"); peer:cancel("other") end
          function plugin.timers.ring(peer, x) peer:send("one " .. x) end
          function plugin.timers.other(peer) peer:send("other") end
          """)
      ])
    let client = service.connect()
    service.advance(to: 5000)
    #expect(Set(service.heard(client).map { "\($0)" }) == Set(["text(\"policy p\")", "text(\"one a\")"]))
  }

  @Test func aPluginCannotStartThePolicysTimers() throws {
    let service = try Service(
      "return { timers = { ring = function() end } }",
      plugins: [plugin("one", "function plugin.on_connect(peer) peer:after(1, 'ring') end")])
    _ = service.connect()
    #expect(service.failures().first?.error.firstLine.contains("no timer is named 'ring'") == true)
  }

  @Test func settingsOfPluginsHaveTheirNameInFront() throws {
    let source = """
      local settings = relay.settings { motto = "m", words = { "a", "b" }, count = 1 }
      local plugin = {}
      function plugin.on_connect(peer) peer:send(settings.motto .. #settings.words .. (settings.words[2] or "")) end
      return plugin
      """
    let policy = "relay.settings { motto = 'policy' } return {}"
    let plain = try Service(policy, plugins: [("one", source)])
    #expect(plain.heard(plain.connect()) == [.text("m2b")])
    let given = try Service(
      policy, plugins: [("one", source)], settings: [("one.motto", "x"), ("one.words", " c  d e "), ("motto", "y")])
    #expect(given.heard(given.connect()) == [.text("x3d")])
    let empty = try Service(policy, plugins: [("one", source)], settings: [("one.words", "")])
    #expect(empty.heard(empty.connect()) == [.text("m0")])
    let error = #expect(throws: ScriptError.self) {
      _ = try Service(policy, plugins: [("one", source)], settings: [("one.moto", "x")])
    }
    #expect(error?.firstLine.contains("no setting is named 'one.moto'") == true)
    #expect(error?.firstLine.contains("one.motto") == true)
  }

  @Test(arguments: ["{ 1 }", "{ a = 'b' }", "{ 'a', b = 'c' }", "{ 'a', {} }"])
  func aListHoldsStrings(_ list: String) {
    #expect(throws: ScriptError.self) { _ = try Service("relay.settings { words = \(list) } return {}") }
  }

  @Test func hooksOfPluginsAreNotForPolicies() throws {
    let error = #expect(throws: ScriptError.self) { _ = try Service("return { on_join = function() end }") }
    #expect(error?.firstLine.contains("is for plugins") == true)
  }

  @Test func namesAreCheckedBeforeAnythingRuns() throws {
    #expect(throws: ScriptError.self) { _ = try Service("return {}", plugins: [("a-b", "return {}")]) }
    #expect(throws: ScriptError.self) {
      _ = try Service("return {}", plugins: [("one", "return {}"), ("one", "return {}")])
    }
    #expect(throws: ScriptError.self) {
      _ = try Service("return {}", plugins: (0...Scripts.pluginsMax).map { ("p\($0)", "return {}") })
    }
    _ = try Service("return {}", plugins: (0..<Scripts.pluginsMax).map { ("p\($0)", "return {}") })
  }

  // MARK: Who may join

  static let full = """
    function plugin.on_join(peer, lobby) if lobby:count() >= 1 then return "Full" end end
    """

  @Test func aRefusedJoinUndoesTheEventAndClosesThePeer() throws {
    let service = try Service(Self.joining, plugins: [plugin("cap", Self.full)])
    let (ana, bob) = (service.connect(), service.connect())
    service.send(ana, "den")
    #expect(service.heard(ana) == [.text("joining"), .text("in den")])
    service.send(bob, "den")
    #expect(service.heard(bob) == [.closed(4000, "Full")])
    #expect(service.failures().isEmpty)
    #expect(service.mount.lobbyCount == 1 && service.mount.peerCount == 1)
  }

  @Test func aPolicyThatAsksCanSayItInItsOwnWords() throws {
    let service = try Service(Self.joining, plugins: [plugin("cap", Self.full)])
    let (ana, bob) = (service.connect(), service.connect())
    service.send(ana, "ask")
    service.send(bob, "ask")
    #expect(service.heard(bob) == [.text("no: Full")])
  }

  @Test func nobodyIsAskedTwiceAboutOneJoin() throws {
    let service = try Service(
      Self.joining, plugins: [plugin("count", "function plugin.on_join(peer) peer:send('asked') end")])
    let client = service.connect()
    service.send(client, "ask")
    #expect(service.heard(client) == [.text("asked"), .text("joining"), .text("in ask")])
  }

  @Test func pcallDoesNotSwallowARefusal() throws {
    let service = try Service(
      """
      return { on_message = function(peer, message)
        local lobby = mount:find_lobby("den") or mount:create_lobby("den")
        pcall(function() lobby:add(peer, lobby:count() + 1) end)
        peer:send("still here")
      end }
      """, plugins: [plugin("cap", Self.full)])
    let (ana, bob) = (service.connect(), service.connect())
    service.send(ana, "x")
    service.send(bob, "x")
    #expect(service.heard(bob) == [.closed(4000, "Full")])
  }

  @Test func aLongReasonIsCutBetweenCharacters() throws {
    let service = try Service(
      Self.joining, plugins: [plugin("cap", "function plugin.on_join() return 'x' .. ('é'):rep(100) end")])
    let client = service.connect()
    service.send(client, "den")
    #expect(service.heard(client) == [.closed(4000, "x" + String(repeating: "é", count: 61))])
  }

  @Test func aVerdictThatIsNoTextIsAMistake() throws {
    let service = try Service(Self.joining, plugins: [plugin("cap", "function plugin.on_join() return true end")])
    service.send(service.connect(), "den")
    #expect(service.failures().first?.error.firstLine.contains("on_join of plugin 'cap'") == true)
  }

  @Test func aPolicyThatCatchesAPluginsErrorIsStillAsked() throws {
    let service = try Service.onMessage(
      """
      local lobby = mount:create_lobby("den")
      peer:send(tostring(pcall(lobby.admits, lobby, peer)))
      lobby:add(peer, 1)
      """,
      plugins: [
        plugin(
          "ban",
          """
          local asked = 0
          function plugin.on_join() asked = asked + 1; if asked == 1 then error("broken") end return "Banned" end
          """)
      ])
    let client = service.connect()
    service.send(client, "hello")
    #expect(service.heard(client) == [.closed(4000, "Banned")])
  }

  @Test func aHandshakeDuringWhichAnotherPeerIsRefusedIsRefusedToo() throws {
    let service = try Service(
      """
      local policy = {}
      function policy.on_upgrade(request)
        request:attach("x", 1)
        mount:create_lobby("den"):add(mount:peers()[1], 1)
        request:refuse(403, "no")
      end
      return policy
      """, plugins: [plugin("ban", "function plugin.on_join() return 'Banned' end")])
    let client = service.connect()
    guard case .refuse(let refusal) = service.upgrade() else {
      Issue.record("accepted")
      return
    }
    #expect(refusal.status == 500)
    #expect(service.heard(client) == [.closed(4000, "Banned")])
  }

  // MARK: Names

  @Test func namesOfLobbiesCanBeChangedAndFound() throws {
    let service = try Service(
      Self.joining,
      plugins: [
        plugin(
          "codes",
          """
          function plugin.on_create(name, peer) peer:send("asked for " .. name); return "CODE" end
          function plugin.on_find(name, peer) if mount:find_lobby(name:upper()) then return name:upper() end end
          """)
      ])
    let (ana, bob) = (service.connect(), service.connect(attributes: []))
    service.send(ana, "den")
    #expect(service.heard(ana) == [.text("asked for den"), .text("joining"), .text("in CODE")])
    service.send(bob, "code")
    #expect(service.failures().first?.error.firstLine.contains("the id is taken") == true, "the same lobby was found")
  }

  @Test func whatAPluginDoesAsksNoPlugin() throws {
    let service = try Service(
      "return {}",
      plugins: [
        plugin("cap", "function plugin.on_join() return 'no' end function plugin.on_create() return 'other' end"),
        plugin(
          "one",
          "function plugin.on_connect(peer) local l = mount:create_lobby('den'); l:add(peer, 1); peer:send(l:name()) end"
        ),
      ])
    #expect(service.heard(service.connect()) == [.text("den")])
  }
}
