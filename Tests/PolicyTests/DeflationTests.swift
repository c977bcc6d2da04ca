import Policy
import Testing

/// Messages that go out compressed for those who have agreed to it (RFC 7692).
@Suite struct DeflationTests {
  /// Says what it hears to all in its lobby, as told by the first word.
  private static let policy = """
    local policy = {}
    local function lobby() return mount:find_lobby("den") or mount:create_lobby("den") end
    function policy.on_connect(peer) lobby():add(peer, lobby():count() + 1) end
    function policy.on_message(peer, message)
      local word, text = message:text():match("^(%l+) (.*)$")
      if word == "broadcast" then lobby():broadcast(text) end
      if word == "each" then for _, member in ipairs(lobby():members()) do member:send(text) end end
      if word == "forward" then message:forward(lobby()) end
      if word == "binary" then peer:send_binary(text) end
      if word == "fail" then
        lobby():broadcast(text)
        error("enough")
      end
    end
    return policy
    """
  private static let text = String(repeating: "candidate 1 udp 2130706431 192.0.2.1 ", count: 30)

  private func waiting(_ service: Service, _ client: Client) -> Int { service.outbox.waiting(client.outlet) }

  @Test(arguments: ["broadcast", "each", "forward"])
  func everybodyHearsTheSame(_ word: String) throws {
    let service = try Service(Self.policy)
    let plain = service.connect()
    let wide = [service.connect(windowBits: 15), service.connect(windowBits: 15)]
    let narrow = service.connect(windowBits: 9)
    service.send(plain, "\(word) \(Self.text)")
    let expected = word == "forward" ? "\(word) \(Self.text)" : Self.text
    #expect(waiting(service, plain) > expected.utf8.count)
    #expect(waiting(service, wide[0]) < expected.utf8.count / 5)
    #expect(waiting(service, wide[1]) == waiting(service, wide[0]))
    #expect(waiting(service, narrow) < expected.utf8.count / 5)
    for client in [plain, narrow] + wide { #expect(service.heard(client) == [.text(expected)]) }
    #expect([plain, narrow, wide[0], wide[1]].map(\.compressedCount) == [0, 1, 1, 1])
    #expect(service.mount.counters.messagesOut == 4)
  }

  /// What was made of one message is not taken for another, however alike they are.
  @Test func eachMessageIsItsOwn() throws {
    let service = try Service(Self.policy)
    let clients = [service.connect(windowBits: 15), service.connect(windowBits: 12)]
    let texts = [Self.text, Self.text, Self.text + "!", Self.text + "?", Self.text]
    for text in texts { service.send(clients[0], "broadcast \(text)") }
    for client in clients {
      #expect(service.heard(client) == texts.map { .text($0) })
      #expect(client.compressedCount == texts.count)
    }
    service.send(clients[0], "binary \(Self.text)")
    #expect(service.heard(clients[0]) == [.binary(Array(Self.text.utf8))])
  }

  @Test func shortMessagesStayAsTheyAre() throws {
    let service = try Service(Self.policy) { $0.deflateFromBytes = 100 }
    let client = service.connect(windowBits: 15)
    service.send(client, "broadcast " + String(repeating: "a", count: 99))
    #expect(waiting(service, client) == 101)
    service.send(client, "broadcast " + String(repeating: "a", count: 100))
    #expect(waiting(service, client) < 120)
    #expect(service.heard(client).count == 2 && client.compressedCount == 1)
  }

  @Test func whatWouldNotBecomeSmallerStaysAsItIs() throws {
    let service = try Service(Self.policy) { $0.deflateFromBytes = 0 }
    let client = service.connect(windowBits: 15)
    for text in ["", "a", "0123456789abcdefghijklmnopqrstuvwxyz"] { service.send(client, "broadcast \(text)") }
    #expect(service.heard(client) == [.text(""), .text("a"), .text("0123456789abcdefghijklmnopqrstuvwxyz")])
    #expect(client.compressedCount == 0)
  }

  @Test func aVeryLongMessageStaysAsItIs() throws {
    let service = try Service.onMessage("peer:send(('x'):rep(message:integer('count')))") { $0.queuedBytes = 0 }
    let client = service.connect(windowBits: 15)
    for (count, compressed) in [(1 << 20, 1), (1 << 20 + 1, 1)] {
      service.send(client, #"{"count":\#(count)}"#)
      #expect(service.heard(client) == [.text(String(repeating: "x", count: count))])
      #expect(client.compressedCount == compressed)
    }
  }

  @Test func aFailedHookHasSentNothing() throws {
    let service = try Service(Self.policy)
    let clients = [service.connect(windowBits: 15), service.connect()]
    service.send(clients[0], "broadcast \(Self.text)")
    let before = clients.map { waiting(service, $0) }
    service.send(clients[0], "fail \(Self.text)")
    #expect(clients.map { waiting(service, $0) } == before)
    service.send(clients[0], "fail \(Self.text)!")
    service.send(clients[0], "broadcast \(Self.text)?")
    for client in clients { #expect(service.heard(client) == [.text(Self.text), .text(Self.text + "?")]) }
  }

  /// The queue's limit is about what is in it.
  @Test func aQueueHoldsMoreOfWhatIsCompressed() throws {
    let service = try Service(Self.policy) { $0.queuedBytes = 600 }
    let (plain, client) = (service.connect(), service.connect(windowBits: 15))
    for _ in 0..<3 { service.send(client, "broadcast \(Self.text)") }
    #expect(service.heard(client) == [.text(Self.text), .text(Self.text), .text(Self.text)])
    #expect(service.heard(plain) == [.closed(1013, "Too slow: messages for you are piling up")])
    for _ in 0..<20 { service.send(client, "broadcast \(Self.text)") }
    #expect(service.heard(client).last == .closed(1013, "Too slow: messages for you are piling up"))
  }

  /// An outlet's number is another connection's later on.
  @Test func theNextConnectionHasAgreedToNothing() throws {
    let service = try Service(Self.policy)
    let client = service.connect(windowBits: 15)
    service.outbox.release(client.outlet)
    service.outbox.open(client.outlet)
    service.send(client, "broadcast \(Self.text)")
    #expect(waiting(service, client) > Self.text.utf8.count)
  }

  /// What waits for a peer without a connection is plain: nobody knows yet what the next one agrees to.
  @Test func aPeerThatIsKeptWaitsForPlainMessages() throws {
    let resume = """
      local plugin, kept = {}
      function plugin.on_connect(peer)
        if not kept then return end
        kept:take_over(peer)
        kept = nil
        return true
      end
      function plugin.on_disconnect(peer) kept = peer return peer:keep(5) end
      return plugin
      """
    for windowBits in [nil, 15] as [UInt8?] {
      let service = try Service(Self.policy, plugins: [("resume", resume)])
      let (ana, bob) = (service.connect(windowBits: 15), service.connect())
      service.leave(ana)
      service.send(bob, "broadcast \(Self.text)")
      let again = service.connect(windowBits: windowBits)
      #expect(service.heard(again) == [.text(Self.text)] && again.compressedCount == 0)
      service.send(bob, "broadcast \(Self.text)!")
      #expect(service.heard(again) == [.text(Self.text + "!")])
      #expect(again.compressedCount == (windowBits == nil ? 0 : 1))
    }
  }
}
