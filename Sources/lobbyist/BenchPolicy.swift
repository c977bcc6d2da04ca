import Bench
import HTTP
import Lobby
import Policy
import Relay
import WebSocket

/// A policy for `lobbyist bench` to drive without sockets.
final class BenchPolicy: LocalPolicy {
  fileprivate let mount: Mount
  fileprivate let outbox = Outbox()
  private let failures = HookFailures()
  private var outletCount: UInt32 = 0
  private var milliseconds: UInt64 = 1000

  init(script: String, plugins: [String], settings: [String]) throws(BenchError) {
    var plan = MountPlan(script: script)
    plan.plugins = plugins
    plan.limits = RelayLimits().mount
    plan.settings = settings.map { setting in
      let name = setting.prefix { $0 != "=" }
      return MountPlan.Setting(String(name), String(setting.dropFirst(name.count + 1)))
    }
    do throws(FileError) {
      mount = try plan.load(into: outbox) { [failures] event in failures.note(event) }.mount
    } catch {
      throw .server(error.message)
    }
    tick()
  }

  func connect(_ target: String) throws(BenchError) -> BenchClient {
    let request = Array("GET \(target) HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8)
    guard case .complete(let head, _) = unsafe request.withUnsafeBytes({ unsafe RequestHead.parse($0) }) else {
      throw .usage("'\(target)' is no path of a URL")
    }
    guard case .accept(_, let attributes) = mount.upgrade(head, subprotocols: [], address: "127.0.0.1") else {
      throw .server("the policy refuses \(target)")
    }
    let outlet = outletCount
    outletCount += 1
    outbox.open(outlet)
    let peer = mount.connect(outlet: outlet, address: "127.0.0.1", attributes: attributes)
    try checkHooks()
    return BenchClient(self, peer, outlet)
  }

  /// A millisecond from one message to the next, so that a plugin that goes by the clock has something to do each time.
  /// Timers never fire here.
  fileprivate func tick() {
    milliseconds += 1
    mount.setTime(milliseconds: milliseconds, wallSeconds: 1_700_000_000 + Double(milliseconds) / 1000)
  }

  fileprivate func checkHooks() throws(BenchError) {
    if let failure = failures.take() { throw .server(failure) }
  }
}

/// A peer of such a policy.
final class BenchClient: LocalClient {
  private let policy: BenchPolicy
  private let peer: PeerRef
  private let outlet: UInt32
  private var inbound = Inbound(role: .client, messageBytesMax: 0)
  private var heard: [String] = []

  fileprivate init(_ policy: BenchPolicy, _ peer: PeerRef, _ outlet: UInt32) {
    self.policy = policy
    self.peer = peer
    self.outlet = outlet
  }

  func send(_ text: String) throws(BenchError) {
    pass(text, times: 1) {}
    try policy.checkHooks()
  }

  func receive() throws(BenchError) -> String {
    policy.outbox.withQueue(outlet) { queue in
      unsafe queue.withBytes { unsafe read($0) }
      queue.removeAll()
    }
    guard !heard.isEmpty else { throw .server("the policy does not answer") }
    return heard.removeFirst()
  }

  func say(_ text: String, times: Int) throws(BenchError) {
    let outbox = policy.outbox
    let before = policy.mount.counters.messagesOut
    pass(text, times: times) {
      while let outlet = outbox.takeTouched() { outbox.sent(outlet, count: outbox.waiting(outlet)) }
    }
    try policy.checkHooks()
    let passed = policy.mount.counters.messagesOut - before
    guard passed == UInt64(times) else { throw .server("of \(times) messages the policy passed on \(passed)") }
  }

  /// The bytes as they stand in the relay's input, one message after the other.
  private func pass(_ text: String, times: Int, _ then: () -> Void) {
    let bytes = Array(text.utf8)
    unsafe bytes.withUnsafeBytes { payload in
      for _ in 0..<times {
        policy.tick()
        unsafe policy.mount.receive(payload, isBinary: false, from: peer)
        then()
      }
    }
  }

  private func read(_ bytes: UnsafeMutableRawBufferPointer) {
    var offset = 0
    while true {
      switch unsafe inbound.next(bytes, at: &offset) {
      case .message(_, let payload): heard.append(unsafe String(decoding: payload, as: UTF8.self))
      case .close(let code, let reason):
        heard.append(unsafe "closed: \(code ?? 0) \(String(decoding: reason, as: UTF8.self))")
      case .compressed: preconditionFailure("no extension was offered")
      case .ping, .pong: continue
      case .incomplete, .violation: return
      }
    }
  }
}
