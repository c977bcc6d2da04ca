import Policy
import Testing

/// What scripts are told when the relay takes nobody new in any longer.
@Suite struct DrainTests {
  private static func policy(_ name: String) -> String {
    """
    local policy = {}
    function policy.on_message(peer, message)
      local lobby = mount:create_lobby(message:text())
      lobby:add(peer, 1)
    end
    function policy.on_drain(seconds)
      for _, lobby in ipairs(mount:lobbies()) do
        lobby:broadcast(string.format("\(name) %s ends in %d", lobby:name(), seconds))
      end
    end
    return policy
    """
  }

  @Test func everyVersionIsToldOfItsLobbies() throws {
    let service = try Service(Self.policy("one"))
    let (ana, bob) = (service.connect(), service.connect())
    service.send(ana, "old")
    let next = try Scripts(policy: Script(path: "scripts/test.lua", source: Array(Self.policy("two").utf8)))
    try service.mount.reload(next, settings: [], lobbiesFinish: true)
    service.send(bob, "new")
    service.mount.drain(seconds: 60)
    #expect(service.heard(ana) == [.text("one old ends in 60")])
    #expect(service.heard(bob) == [.text("two new ends in 60")])
  }

  @Test func aPluginThatAnswersTrueHasDealtWithIt() throws {
    let plugin = "return { on_drain = function(seconds) mount.told = seconds; return seconds > 10 end }"
    let service = try Service(Self.policy("policy"), plugins: [("early", plugin)])
    let ana = service.connect()
    service.send(ana, "x")
    service.mount.drain(seconds: 60)
    #expect(service.heard(ana).isEmpty)
    service.mount.drain(seconds: 10)
    #expect(service.heard(ana) == [.text("policy x ends in 10")])
  }

  @Test func oneThatFailsIsTakenBackAndReported() throws {
    let source = """
      local policy = {}
      function policy.on_connect(peer) mount:create_lobby("x"):add(peer, 1) end
      function policy.on_drain() mount:find_lobby("x"):broadcast("bye"); error("no") end
      return policy
      """
    let service = try Service(source)
    let ana = service.connect()
    service.mount.drain(seconds: 1)
    #expect(service.heard(ana).isEmpty)
    let hooks = service.events().compactMap { if case .hookFailed(let hook, _, _) = $0 { hook } else { nil } }
    #expect(hooks == ["on_drain"])
  }

  @Test func whoIsInALobbyHasSomethingToFinish() throws {
    let service = try Service(Self.policy("one"))
    let (ana, bob) = (service.connect(), service.connect())
    service.send(ana, "x")
    #expect(service.mount.isInLobby(ana.peer) && !service.mount.isInLobby(bob.peer))
  }
}
