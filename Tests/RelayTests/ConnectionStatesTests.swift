import Glibc
import Policy
import Reactor
import Testing

@testable import Relay

/// What a relay keeps of a connection when things come in an unusual order. Each in a process of its own, as a relay
/// changes what becomes of signals.
@Suite struct ConnectionStatesTests {
  private static func makeRelay(
    _ proxies: TrustedProxies = TrustedProxies(), _ change: (inout RelayLimits) -> Void
  ) throws -> Relay {
    var limits = RelayLimits()
    change(&limits)
    let relay = try Relay(
      listen: [], mounts: [], outbox: Outbox(), limits: limits, proxies: proxies, log: Log(write: { $0.utf8.count }))
    relay.now = 1_000_000
    return relay
  }

  /// A connection over one end of a pair: its slot, and the other end.
  private static func connect(
    _ relay: Relay, _ phase: Phase, from host: HostAddress = .loopbackIPv4
  ) throws -> (slot: UInt32, other: Int32) {
    var ends: [Int32] = [0, 0]
    try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0, &ends) == 0)
    let generation = relay.connections.takeGeneration()
    let connection = Connection(
      stream: Stream(Descriptor(adopting: ends[0])), host: host, phase: phase, purpose: .everyMount,
      generation: generation, limits: relay.limits, deadline: relay.now + 5000)
    let slot = relay.connections.insert(connection)
    relay.outbox.open(slot)
    return (slot, ends[1])
  }

  private static func send(_ text: String, over end: Int32) -> Bool { write(end, text, text.utf8.count) > 0 }

  private static func trusted() throws -> TrustedProxies {
    var proxies = TrustedProxies()
    proxies.announcing = [try #require(Network(parsing: "10.0.0.0/8"))]
    return proxies
  }

  /// Whoever begins and ends messages all the time has each of them watched, in a schedule that does not grow by that.
  @Test func deadlinesDoNotPileUp() async {
    await #expect(processExitsWith: .success) {
      let relay = try Self.makeRelay { limits in
        limits.pingMilliseconds = 1000
        limits.messageMilliseconds = 300
      }
      let slot = try Self.connect(relay, .open).slot
      relay.setPingDeadline(slot)
      for _ in 0..<200 {
        relay.noteArriving(slot, true, isAnother: true)
        relay.noteArriving(slot, false, isAnother: false)
        relay.now += 350
        relay.connections[slot].wasHeard = true
        relay.fireDeadlines()
      }
      guard relay.deadlines.count <= 3 else { exit(2) }
      exit(0)
    }
  }

  /// A configuration that ends the pings leaves slow messages watched, also of those who were there before.
  @Test func slowMessagesAreWatchedWithoutPings() async {
    await #expect(processExitsWith: .success) {
      let relay = try Self.makeRelay { limits in
        limits.pingMilliseconds = 1000
        limits.messageMilliseconds = 300
      }
      let slot = try Self.connect(relay, .open).slot
      relay.setPingDeadline(slot)
      var limits = relay.limits
      limits.pingMilliseconds = 0
      relay.adopt(limits, TrustedProxies())
      relay.now += 1000
      relay.fireDeadlines()
      relay.noteArriving(slot, true, isAnother: true)
      let end = relay.now + 300
      relay.now += 10
      relay.fireDeadlines()
      guard relay.deadlines.peek?.deadline == end else { exit(2) }
      exit(0)
    }
  }

  /// The proxy of a connection that is about to say whose it is, and that a new configuration trusts no longer, has no
  /// connection when all is over.
  @Test func nobodyIsCountedForEver() async {
    await #expect(processExitsWith: .success) {
      let relay = try Self.makeRelay(try Self.trusted()) { $0.connectionsPerAddress = 5 }
      let proxy = try #require(HostAddress(parsing: "10.0.0.1"))
      let (slot, other) = try Self.connect(relay, .proxied, from: proxy)
      relay.adopt(relay.limits, TrustedProxies())
      guard Self.send("PROXY TCP4 192.0.2.1 192.0.2.2 4711 80\r\n", over: other) else { exit(2) }
      relay.read(slot)
      guard relay.connections[slot].phase == .handshake, relay.perAddress.count == 1 else { exit(3) }
      relay.drop(slot)
      guard relay.perAddress.count == 0 else { exit(4) }
      exit(0)
    }
  }

  /// Half a PROXY header is nothing without the other half: when there is no memory for it, the connection goes.
  @Test func halfAHeaderIsNotForgotten() async {
    await #expect(processExitsWith: .success) {
      let relay = try Self.makeRelay(try Self.trusted()) { $0.bufferBytes = 100 }
      let proxy = try #require(HostAddress(parsing: "10.0.0.1"))
      let (slot, other) = try Self.connect(relay, .proxied, from: proxy)
      guard Self.send("PROXY TCP4 ", over: other) else { exit(2) }
      relay.read(slot)
      guard !relay.connections.isLive(slot), relay.outbox.buffers.bytes == 0 else { exit(3) }
      exit(0)
    }
  }
}
