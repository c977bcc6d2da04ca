import Policy
import Testing

/// Messages held for somebody who is not there, as scripts see them.
@Suite struct HeldMessageTests {
  /// A policy in which a message does what it says in Lua, with `mount`, `lobby`, `peer` and `message`, and the peer
  /// hears the results.
  private func service(_ limits: (inout MountLimits) -> Void = { _ in }) throws -> Service {
    try Service.onMessage(
      """
      local lobby = mount:find_lobby("den") or mount:create_lobby("den")
      local command = commands[message:string("do") or message:text()]
      local results = table.pack(command(lobby, peer, message))
      for index = 1, results.n do results[index] = tostring(results[index]) end
      if results.n > 0 then peer:send(table.concat(results, " ")) end
      """,
      before: """
        local commands = {}
        function commands.hold(lobby) return lobby:hold("Eve", "one", 5), mount:hold("Eve", "two", 5) end
        function commands.deliver(lobby, peer) return lobby:deliver("Eve", peer), mount:deliver("Eve", peer) end
        function commands.discard(lobby) return lobby:discard("Eve"), mount:discard("Eve") end
        function commands.keep(lobby, _, message) return message:hold(lobby, "Eve", 5, "from", 7, "do", json.absent) end
        function commands.fail(lobby, peer)
          lobby:discard("Eve")
          mount:deliver("Eve", peer)
          mount:hold("Eve", "three", 5)
          error("no")
        end
        function commands.remove(lobby) lobby:delete() end
        function commands.latin(lobby) lobby:hold("Eve", "\\xe9", 5) end
        function commands.early(lobby) lobby:hold("Eve", "x", -1) end
        commands["[]"] = function(_, _, message) message:hold(mount, "Eve", 5, "a", 1) end
        local function hold_text(_, _, message) mount:hold("Eve", message:text(), 5) end
        setmetatable(commands, { __index = function() return hold_text end })
        """, limits: limits)
  }

  @Test func isDeliveredOnceInOrder() throws {
    let service = try service()
    let client = service.connect()
    for command in ["hold", "hold", "deliver", "deliver"] { service.send(client, command) }
    #expect(
      service.heard(client) == [
        .text("true true"), .text("true true"), .text("one"), .text("one"), .text("two"), .text("two"), .text("2 2"),
        .text("0 0"),
      ])
    #expect(service.failures().isEmpty)
  }

  @Test func isOverInTime() throws {
    let service = try service()
    let client = service.connect()
    service.send(client, "hold")
    service.advance(to: 5999)
    service.send(client, "hold")
    service.advance(to: 6000)
    service.send(client, "deliver")
    #expect(service.heard(client) == ["true true", "true true", "one", "two", "1 1"].map { .text($0) })
  }

  @Test func aFailedHookTakesEverythingBack() throws {
    let service = try service()
    let client = service.connect()
    for command in ["hold", "fail", "deliver"] { service.send(client, command) }
    #expect(service.failures().count == 1)
    #expect(service.heard(client) == [.text("true true"), .text("one"), .text("two"), .text("1 1")])
  }

  @Test func isDiscardedAndGoesWithItsLobby() throws {
    let service = try service()
    let client = service.connect()
    for command in ["hold", "discard", "deliver", "hold", "remove", "deliver"] { service.send(client, command) }
    #expect(
      service.heard(client) == [
        .text("true true"), .text("1 1"), .text("0 0"), .text("true true"), .text("two"), .text("0 1"),
      ])
  }

  @Test func aMessageIsHeldAsItWouldBeForwarded() throws {
    let service = try service()
    let client = service.connect()
    service.send(client, #"{ "do":"keep", "from" : 1,"data":{"é":[1.0]} }"#)
    service.send(client, "deliver")
    #expect(
      service.heard(client) == [.text("true"), .text(#"{ "from" : 7,"data":{"é":[1.0]} }"#), .text("1 0")])
    service.send(client, "[]")
    let failure = try #require(service.failures().first)
    #expect(failure.error.message.contains("the message is not a JSON object: it has no fields to replace"))
  }

  @Test func binaryStaysBinary() throws {
    let service = try Service.onMessage(
      "if message:size() == 0 then mount:deliver('', peer) else assert(message:hold(mount, '', 1)) end")
    let client = service.connect()
    service.send(client, [0, 255], isBinary: true)
    service.send(client, "text")
    service.send(client, "")
    #expect(service.heard(client) == [.binary([0, 255]), .text("text")])
  }

  @Test(arguments: [
    ("latin", "the text is not UTF-8"), ("early", "seconds must be between 0 and 1e9"),
  ])
  func refusals(command: String, expected: String) throws {
    let service = try service()
    service.send(service.connect(), command)
    #expect(try #require(service.failures().first).error.message.contains(expected))
  }

  @Test func limitsAreAnsweredWithFalse() throws {
    let service = try service { $0.lobbies.heldMessages = 1 }
    let client = service.connect()
    for command in ["hold", "hold", "deliver", "hold"] { service.send(client, command) }
    #expect(
      service.heard(client) == [
        .text("true true"), .text("false false"), .text("one"), .text("two"), .text("1 1"), .text("true true"),
      ])
    let other = try self.service { $0.lobbies.heldBytes = 300 }
    let second = other.connect()
    other.send(second, "hold")
    #expect(other.heard(second) == [.text("true false")])
  }

  /// What has no room in the queue of the one it is for stays, and comes once there is.
  @Test func waitsForASlowReader() throws {
    let service = try service { $0.queuedBytes = 100 }
    let client = service.connect()
    for letter in "abc" { service.send(client, String(repeating: letter, count: 40)) }
    service.send(client, "deliver")
    #expect(service.heard(client).count == 3)
    service.send(client, "deliver")
    #expect(service.heard(client) == [.text(String(repeating: "c", count: 40)), .text("0 1")])
  }

  @Test func nobodyIsNobody() throws {
    let service = try Service.onMessage(
      """
      mount:hold("a", "x", 5)
      local gone = peers[1]
      assert(not gone:is_open() and mount:deliver("a", gone) == 0)
      peer:close()
      assert(mount:deliver("a", peer) == 0 and mount:discard("a") == 1)
      """, before: "local peers = {} function policy.on_connect(peer) peers[#peers + 1] = peer end")
    let (first, second) = (service.connect(), service.connect())
    service.leave(first)
    service.send(second, "x")
    #expect(service.failures().map(\.error.message) == [])
  }
}
