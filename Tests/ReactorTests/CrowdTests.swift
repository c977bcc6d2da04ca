import Testing

@testable import Reactor

@Suite struct CrowdTests {
  /// A stream in an array, which cannot hold what cannot be copied.
  final class Seat {
    let stream: Stream
    init(_ stream: consuming Stream) { self.stream = stream }
  }

  /// An echo server and its thousand clients in one loop: everybody is served, and a turn never exceeds its room.
  @Test func aThousandConnections() throws {
    let crowd = 1000
    var listener = try Listener(on: "127.0.0.1:0")
    var reactor = try Reactor()
    let listening = Token(slot: .max, generation: 0)
    try reactor.add(listener.descriptor, .reading, listening)

    var clients: [Seat] = []
    var servers: [Seat] = []
    let deadline = Clock.milliseconds + 10_000
    while servers.count < crowd {
      if clients.count < crowd { clients.append(Seat(try Stream.connect(to: listener.address))) }
      guard try reactor.wait(until: clients.count < crowd ? 0 : deadline) > 0 else { continue }
      #expect(reactor.event(0).token == listening)
      while case .newcomer(let stream, _) = listener.accept() { servers.append(Seat(stream)) }
    }
    for (slot, server) in servers.enumerated() {
      try reactor.add(server.stream.descriptor, .reading, Token(slot: UInt32(slot), generation: 7))
    }
    for (index, client) in clients.enumerated() {
      #expect(client.stream.write("client \(index);") == .bytes("client \(index);".utf8.count))
    }

    // Nobody reads yet, so the first turn is full.
    #expect(try reactor.wait(until: deadline) == Reactor.eventsMax)
    var echoed = Set<UInt32>()
    var buffer = [UInt8](repeating: 0, count: 64)
    while echoed.count < crowd {
      let count = try reactor.wait(until: deadline)
      try #require(count > 0)
      for index in 0..<count {
        let event = reactor.event(index)
        #expect(event.token.generation == 7)
        let stream = servers[Int(event.token.slot)]
        let answer = buffer.withUnsafeMutableBytes { stream.stream.read(into: $0) }
        guard case .bytes(let length) = answer else {
          Issue.record("read answered \(answer)")
          continue
        }
        #expect(buffer[..<length].withUnsafeBytes { stream.stream.write($0) } == .bytes(length))
        #expect(echoed.insert(event.token.slot).inserted)
      }
    }
    for (index, client) in clients.enumerated() {
      #expect(try client.stream.nextRead(64).1 == Array("client \(index);".utf8))
    }
  }
}
