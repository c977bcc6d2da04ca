import HTTP
import Lobby
import Policy
import WebSocket

/// What a client hears, decoded from the frames that wait for it.
enum Heard: Equatable {
  case text(String)
  case binary([UInt8])
  case closed(UInt16?, String)
  case broken(String)
}

/// One client: its peer as the policy knows it, and the queue that the policy writes into.
final class Client {
  let outlet: UInt32
  fileprivate(set) var peer = PeerRef(slot: 0, generation: 0)
  private var inbound = Inbound(role: .client, messageBytesMax: 0)
  private var inflater = Inflater()
  /// Messages that came compressed.
  private(set) var compressedCount = 0

  fileprivate init(outlet: UInt32, inflates: Bool) {
    self.outlet = outlet
    if inflates { inbound.acceptCompressed() }
  }

  fileprivate func read(_ bytes: UnsafeMutableRawBufferPointer) -> [Heard] {
    var heard: [Heard] = []
    var offset = 0
    while true {
      switch inbound.next(bytes, at: &offset) {
      case .message(true, let payload): heard.append(.binary([UInt8](payload)))
      case .message(false, let payload): heard.append(.text(String(decoding: payload, as: UTF8.self)))
      case .close(let code, let reason): heard.append(.closed(code, String(decoding: reason, as: UTF8.self)))
      case .ping, .pong: continue
      case .incomplete: return offset == bytes.count ? heard : heard + [.broken("half a frame")]
      case .compressed(let isBinary, let payload):
        compressedCount += 1
        guard case .message(let plain) = inflater.inflate(payload, bytesMax: 0) else { return [.broken("corrupt")] }
        heard.append(isBinary ? .binary([UInt8](plain)) : .text(String(decoding: plain, as: UTF8.self)))
      case .violation(let code, let reason): return heard + [.broken("\(code) \(reason)")]
      }
    }
  }
}

/// A policy in service without sockets: clients come, speak and go; what they hear and what the mount reports is kept.
final class Service {
  private final class Reports { var events: [MountEvent] = [] }

  let mount: Mount
  let outbox = Outbox()
  private(set) var now: UInt64 = 1000
  private let reports = Reports()
  private var outletCount: UInt32 = 0

  /// Loads `source` as `scripts/test.lua` behind the plugins `plugins/NAME.lua`; `files` is what else there is to
  /// `require`, by path.
  init(
    _ source: String, plugins: [(name: String, source: String)] = [], settings: [(String, String)] = [],
    files: [String: String] = [:], seed: UInt64 = 1,
    limits change: (inout MountLimits) -> Void = { _ in }, read: ((String) -> [UInt8]?)? = nil
  ) throws(ScriptError) {
    var limits = MountLimits()
    // No test is about wall time, unless it says so; the machine may be busy.
    limits.hookMilliseconds = 10_000
    limits.loadMilliseconds = 10_000
    change(&limits)
    let reports = self.reports
    mount = try Mount(
      scripts: Scripts(
        policy: Script(path: "scripts/test.lua", source: Array(source.utf8)),
        plugins: plugins.map {
          Script(path: "plugins/\($0.name).lua", source: Array($0.source.utf8), isPlugin: true)
        }),
      settings: settings.map { (name: $0.0, value: $0.1) }, limits: limits, outbox: outbox, random: .seeded(seed),
      milliseconds: now, wallSeconds: Self.wallSeconds(now),
      read: read ?? { path in files[path].map { Array($0.utf8) } },
      report: { reports.events.append($0) })
  }

  /// A policy whose on_message does this, with `peer` and `message`.
  static func onMessage(
    _ body: String, before: String = "", plugins: [(name: String, source: String)] = [],
    limits: (inout MountLimits) -> Void = { _ in }
  ) throws(ScriptError) -> Service {
    try Service(
      """
      local policy = { timers = {} }
      \(before)
      function policy.on_message(peer, message)
        \(body)
      end
      return policy
      """, plugins: plugins, limits: limits)
  }

  // MARK: Events

  /// With `windowBits` messages for it may be compressed.
  func connect(
    address: String = "127.0.0.1", attributes: [Attachment] = [], windowBits: UInt8? = nil
  ) -> Client {
    let client = Client(outlet: outletCount, inflates: windowBits != nil)
    outletCount += 1
    outbox.open(client.outlet)
    if let windowBits { outbox.deflate(client.outlet, windowBits: windowBits) }
    client.peer = mount.connect(outlet: client.outlet, address: address, attributes: attributes)
    return client
  }

  func send(_ client: Client, _ text: String) { send(client, Array(text.utf8), isBinary: false) }

  func send(_ client: Client, _ bytes: [UInt8], isBinary: Bool) {
    bytes.withUnsafeBytes { mount.receive($0, isBinary: isBinary, from: client.peer) }
  }

  /// As the relay does it: nothing is sent to a socket that is gone, and a close frame is answered.
  func leave(_ client: Client, _ code: UInt16 = CloseCode.abnormal, _ reason: String = "") {
    if code == CloseCode.abnormal {
      outbox.release(client.outlet)
    } else {
      outbox.appendClose(to: client.outlet, code: code)
    }
    mount.disconnect(client.peer, outlet: client.outlet, code: code, reason: reason)
  }

  func upgrade(_ target: String = "/", headers: String = "", subprotocols: [String] = []) -> UpgradeVerdict {
    mount.upgrade(Service.head("GET \(target)", headers), subprotocols: subprotocols, address: "192.0.2.7")
  }

  func request(_ line: String, headers: String = "") -> RequestAnswer? {
    mount.request(Service.head(line, headers), address: "192.0.2.8")
  }

  /// Moves the clock on and fires what is due on the way.
  func advance(to milliseconds: UInt64) {
    while let deadline = mount.nextDeadline(), deadline <= milliseconds {
      setTime(max(now, deadline))
      while mount.fireTimer() {}
    }
    setTime(milliseconds)
  }

  private func setTime(_ milliseconds: UInt64) {
    now = milliseconds
    mount.setTime(milliseconds: now, wallSeconds: Self.wallSeconds(now))
  }

  private static func wallSeconds(_ now: UInt64) -> Double { 1_700_000_000 + Double(now) / 1000 }

  private static func head(_ line: String, _ headers: String) -> RequestHead {
    let text = "\(line) HTTP/1.1\r\nHost: localhost\r\n\(headers)\r\n"
    let answer = Array(text.utf8).withUnsafeBytes { RequestHead.parse($0) }
    guard case .complete(let head, _) = answer else { preconditionFailure("not a request: \(text)") }
    return head
  }

  // MARK: What came of it

  /// Everything that waits for a client, which is taken off its queue.
  func heard(_ client: Client) -> [Heard] {
    outbox.withQueue(client.outlet) { queue in
      let heard = queue.withBytes { client.read($0) }
      queue.removeAll()
      return heard
    }
  }

  /// Lines that the script has logged since the last look.
  func logged() -> [String] {
    defer { reports.events.removeAll() }
    return reports.events.compactMap { if case .script(_, let text) = $0 { text } else { nil } }
  }

  /// Hooks that have failed since the last look.
  func failures() -> [(hook: String, error: ScriptError)] {
    defer { reports.events.removeAll() }
    return reports.events.compactMap { if case .hookFailed(let hook, let error, _) = $0 { (hook, error) } else { nil } }
  }

  /// What slow readers have reached since the last look.
  func limitsReached() -> [String] {
    events().compactMap { if case .closedAtLimit(_, let limit) = $0 { limit } else { nil } }
  }

  /// Everything reported since the last look.
  func events() -> [MountEvent] {
    defer { reports.events.removeAll() }
    return reports.events
  }
}
