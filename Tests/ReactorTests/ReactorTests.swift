import Glibc
import Testing

@testable import Reactor

@Suite struct ReactorTests {
  let one = Token(slot: 1, generation: 10)
  let two = Token(slot: 2, generation: 20)

  @Test func tokenTravelsWhole() {
    for token in [
      Token(slot: 0, generation: 0), Token(slot: .max, generation: 0), Token(slot: 0, generation: .max),
      Token(slot: 0x0102_0304, generation: 0xf5f6_f7f8),
    ] {
      #expect(Token(bits: token.bits) == token)
    }
    #expect(MemoryLayout<Token>.size == 8)
  }

  @Test func waitEndsAtTheDeadline() throws {
    var reactor = try Reactor()
    let start = Clock.milliseconds
    #expect(try reactor.wait(until: start + 40) == 0)
    #expect((40..<500).contains(Clock.milliseconds - start))
    #expect(try reactor.wait(until: 0) == 0)
    #expect(try reactor.wait(until: Clock.milliseconds) == 0)
  }

  @Test func readingLastsUntilItIsDone() throws {
    let ends = try Loopback()
    var reactor = try Reactor()
    let token = Token(slot: .max, generation: .max)
    try reactor.add(ends.server.descriptor, .reading, token)
    #expect(try reactor.wait(until: 0) == 0)
    #expect(ends.client.write("x") == .bytes(1))
    for _ in 0..<2 {
      #expect(try reactor.wait(until: Clock.milliseconds + 2000) == 1)
      #expect(reactor.event(0).token == token)
      #expect(reactor.event(0).readable)
      #expect(!reactor.event(0).writable)
      #expect(!reactor.event(0).hangup)
    }
    #expect(try ends.server.readExactly(1) == [0x78])
    #expect(try reactor.wait(until: 0) == 0)
  }

  @Test func writingOnlyWhenAskedFor() throws {
    let ends = try Loopback()
    var reactor = try Reactor()
    try reactor.add(ends.server.descriptor, .none, one)
    #expect(try reactor.wait(until: 0) == 0)
    try reactor.modify(ends.server.descriptor, [.reading, .writing], two)
    #expect(try reactor.wait(until: 0) == 1)
    #expect(reactor.event(0).token == two)
    #expect(reactor.event(0).writable)
    #expect(!reactor.event(0).readable)
    try reactor.modify(ends.server.descriptor, .reading, two)
    #expect(try reactor.wait(until: 0) == 0)
  }

  @Test func removedIsSilent() throws {
    let ends = try Loopback()
    var reactor = try Reactor()
    try reactor.add(ends.server.descriptor, .writing, one)
    #expect(try reactor.wait(until: 0) == 1)
    try reactor.remove(ends.server.descriptor)
    #expect(try reactor.wait(until: 0) == 0)
  }

  @Test func mistakesAreErrors() throws {
    let ends = try Loopback()
    var reactor = try Reactor()
    func code(_ body: (inout Reactor) throws(SystemError) -> Void) -> Int32 {
      do throws(SystemError) { try body(&reactor) } catch { return error.code }
      return 0
    }
    #expect(code { (r) throws(SystemError) in try r.remove(ends.server.descriptor) } == ENOENT)
    #expect(code { (r) throws(SystemError) in try r.modify(ends.server.descriptor, .reading, one) } == ENOENT)
    #expect(code { (r) throws(SystemError) in try r.add(ends.server.descriptor, .reading, one) } == 0)
    #expect(code { (r) throws(SystemError) in try r.add(ends.server.descriptor, .reading, one) } == EEXIST)
  }

  @Test func halfCloseIsReadableAndNotAHangup() throws {
    let ends = try Loopback()
    var reactor = try Reactor()
    try reactor.add(ends.server.descriptor, .reading, one)
    ends.client.shutdownWrite()
    #expect(try reactor.wait(until: Clock.milliseconds + 2000) == 1)
    #expect(reactor.event(0).readable)
    #expect(!reactor.event(0).hangup)
    // An owner that has stopped reading is not woken by it.
    try reactor.modify(ends.server.descriptor, .none, one)
    #expect(try reactor.wait(until: 0) == 0)
  }

  @Test func resetIsAHangupWhateverTheInterest() throws {
    let ends = try Loopback()
    var reactor = try Reactor()
    try reactor.add(ends.server.descriptor, .none, one)
    ends.client.resetOnClose()
    let server = ends.closeClient()
    #expect(try reactor.wait(until: Clock.milliseconds + 2000) == 1)
    #expect(reactor.event(0).hangup)
    #expect(try server.nextRead().0 == .failed(ECONNRESET))
  }

  @Test func bytesBeforeAHangupCanStillBeRead() throws {
    let ends = try Loopback()
    var reactor = try Reactor()
    try reactor.add(ends.server.descriptor, .reading, one)
    #expect(ends.client.write("bye") == .bytes(3))
    ends.server.shutdownWrite()
    let server = ends.closeClient()
    #expect(try server.waitReadable(milliseconds: 2000) == true)
    #expect(try reactor.wait(until: Clock.milliseconds + 2000) == 1)
    #expect(reactor.event(0).readable)
    #expect(try server.readExactly(3) == Array("bye".utf8))
    #expect(try server.nextRead().0 == .endOfStream)
  }

  @Test func aFailedAttemptToConnectIsAHangup() throws {
    let address: SocketAddress
    do { address = try Listener(on: "127.0.0.1:0").address }
    let client = try Stream.connect(to: address)
    var reactor = try Reactor()
    try reactor.add(client.descriptor, .writing, one)
    #expect(try reactor.wait(until: Clock.milliseconds + 2000) == 1)
    #expect(reactor.event(0).hangup)
    #expect(client.connection() == .failed(ECONNREFUSED))
  }

  /// What an owner relies on: a slot changes hands in the middle of a turn.
  @Test func aStaleEventIsRecognised() throws {
    var reactor = try Reactor()
    var generations: [UInt32] = [1, 1]
    let first = try Loopback()
    let second = try Loopback()
    try reactor.add(first.server.descriptor, .reading, Token(slot: 0, generation: 1))
    try reactor.add(second.server.descriptor, .reading, Token(slot: 1, generation: 1))
    #expect(first.client.write("x") == .bytes(1))
    #expect(try first.server.waitReadable(milliseconds: 2000) == true)
    #expect(second.client.write("x") == .bytes(1))
    #expect(try second.server.waitReadable(milliseconds: 2000) == true)
    #expect(try reactor.wait(until: 0) == 2)
    #expect(reactor.event(0).token == Token(slot: 0, generation: 1))

    // Handling the first event closes the second connection, and a third takes over its slot.
    close(second)
    let third = try Loopback()
    generations[1] += 1
    try reactor.add(third.server.descriptor, .reading, Token(slot: 1, generation: generations[1]))

    let stale = reactor.event(1).token
    #expect(stale.slot == 1)
    #expect(stale.generation != generations[1])
    #expect(third.client.write("y") == .bytes(1))
    #expect(try third.server.waitReadable(milliseconds: 2000) == true)
    #expect(try first.server.readExactly(1) == [0x78])
    #expect(try reactor.wait(until: 0) == 1)
    #expect(reactor.event(0).token == Token(slot: 1, generation: generations[1]))
  }

  private func close(_ ends: consuming Loopback) {}
}
