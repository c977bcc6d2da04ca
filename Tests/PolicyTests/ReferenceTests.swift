import Policy
import Testing

/// What a script keeps beyond its time is refused, or answers that it is over.
@Suite struct ReferenceTests {
  @Test func aMessageLivesAsLongAsItsHook() throws {
    let service = try Service.onMessage(
      "if kept then kept:text() else kept = message end", before: "local kept")
    let client = service.connect()
    service.send(client, "one")
    #expect(service.failures().isEmpty)
    service.send(client, "two")
    let message = try #require(service.failures().first?.error.firstLine)
    #expect(
      message
        == "scripts/test.lua:4: a message lives as long as its hook: take what you need out of it while the hook runs")
  }

  @Test func aRequestLivesAsLongAsItsHook() throws {
    let service = try Service(
      """
      local kept
      return {
        on_upgrade = function(request) kept = request end,
        on_request = function(request) kept:path() end,
      }
      """)
    guard case .accept = service.upgrade() else { throw ScriptFailure() }
    #expect(service.request("GET /")?.status == 500)
    #expect(service.failures().first?.error.message.contains("a request lives as long as its hook") == true)
  }

  /// A method of a message, kept and called with a message of a later hook, is fine: it is the message that ends.
  @Test func methodsOutliveMessages() throws {
    let service = try Service.onMessage(
      "size = size or message.size; peer:send('' .. size(message))", before: "local size")
    let client = service.connect()
    service.send(client, "one")
    service.send(client, "seven77")
    #expect(service.heard(client) == [.text("3"), .text("7")])
  }

  @Test func aPeerOutlivedIsQuietOrRefused() throws {
    let service = try Service(
      """
      local policy = { timers = { x = print } }
      local kept, den
      local function refused(wanted, body, ...)
        local done, message = pcall(body, ...)
        assert(not done and message:find(wanted, 1, true), message)
      end
      function policy.on_connect(peer)
        if kept then return end
        kept = peer
        kept.name = "Ana"
        den = mount:create_lobby("den")
        den:add(peer, 1)
      end
      function policy.on_message(peer)
        assert(kept ~= peer and tostring(kept) ~= tostring(peer))
        assert(not kept:is_open() and kept:lobby() == nil and #kept:lobbies() == 0 and kept.name == nil)
        kept:send("x")
        kept:send_binary("x")
        kept:close(1000)
        local gone = "the peer has disconnected"
        refused(gone, kept.address, kept)
        refused(gone, kept.after, kept, 1, "x")
        refused(gone, kept.cancel, kept, "x")
        refused(gone, function() kept.name = 1 end)
        refused(gone, function() mount:create_lobby("a"):add(kept, 1) end)
        local lobby = mount:create_lobby("b")
        lobby:add(peer, 1)
        assert(lobby:id_of(kept) == nil)
        lobby:broadcast("all", kept)

        assert(not den:is_open() and den.name_of_owner == nil)
        local deleted = "the lobby has been deleted"
        refused(deleted, den.name, den)
        refused(deleted, den.add, den, peer, 1)
        refused(deleted, den.members, den)
        refused(deleted, den.broadcast, den, "x")
        refused(deleted, den.delete, den)
        refused(deleted, function() den.colour = 1 end)
        peer:send("end")
      end
      return policy
      """)
    let first = service.connect()
    service.leave(first)
    let second = service.connect()
    #expect(second.peer.slot == first.peer.slot)
    service.send(second, "go")
    #expect(service.failures().map(\.error.message) == [])
    #expect(service.heard(second) == [.text("all"), .text("end")])
  }

  @Test func aPeerIsTheSameValueInEveryHook() throws {
    let service = try Service(
      """
      local seen = {}
      return {
        on_connect = function(peer) seen[peer] = true end,
        on_message = function(peer) assert(seen[peer]) seen[peer] = nil end,
      }
      """)
    let clients = [service.connect(), service.connect()]
    for client in clients { service.send(client, "") }
    #expect(service.failures().map(\.error.message) == [])
  }

  @Test func metatablesAreClosed() throws {
    let service = try Service.onMessage(
      "assert(getmetatable(peer) == false and getmetatable(message) == false and getmetatable(mount) == false)")
    service.send(service.connect(), "")
    #expect(service.failures().map(\.error.message) == [])
  }
}

struct ScriptFailure: Error {}
