import Bytes
import Conversation
import HTTP
import Lobby
import Policy
import WebSocket

/// What a mount loads its scripts with, for a replay.
public struct ReplayStart {
  public let outbox: Outbox
  public let random: RandomSource
  public let milliseconds: UInt64
  public let wallSeconds: Double
  public let report: (MountEvent) -> Void
}

/// Tells a mount again what another one was told, at the same times and with the same chance, and compares what comes
/// of it.
public final class Replay {
  public struct Summary: Sendable, Equatable {
    public var events = 0
    public var differences = 0
    /// Events of connections that are not there: they began before the recording, or are refused now.
    public var leftOut = 0
    public var connections = 0
    /// Events of the version that is compared; all of them unless there is a choice.
    public var compared = 0
  }

  /// Monotonic milliseconds at the beginning of the recording.
  private static let beginning: UInt64 = 1000
  /// Timers that run now and did not run then, before something must be wrong.
  private static let extraTimersMax = 1_000_000

  private struct Connection {
    let peer: PeerRef
    let outlet: UInt32
  }

  private final class Failures { var texts: [String] = [] }

  private let lines: [Recording.Line]
  private let mount: Mount
  /// The version whose events are compared; nil for all.
  private let compared: String?
  /// The version that ran then.
  private var version: String
  private let outbox = Outbox()
  private let ear = Ear()
  private let failures = Failures()
  private var connections: [Int: Connection] = [:]
  /// Peers whose beginning is recorded. Nothing can be said about the others.
  private var begun: Set<Int> = []
  private var outletCount: UInt32 = 0
  private var verdict = UpgradeVerdict.accept(subprotocol: nil, attributes: [])
  /// Who has gone and is to leave.
  private var gone: [Int] = []
  /// How often a timer that was due then is still to run in the recording.
  private var dues: [UInt64: Int] = [:]
  private var now = Replay.beginning
  /// What the wall clock is ahead of `now`, in seconds.
  private var wallOffset = 0.0
  private var extraTimers = 0
  private var summary = Summary()

  /// `load` makes the mount that is told, of whatever scripts. With `version`, only events of this recorded version are
  /// compared; the others are told as well, for what they leave behind.
  public init<Failure: Error>(
    _ recording: Recording, mount name: String, version: String? = nil, load: (ReplayStart) throws(Failure) -> Mount
  ) throws(Failure) {
    lines = recording.lines.filter { $0.event.mount == name }
    compared = version
    self.version = recording.header.mounts.first { $0.name == name }?.version ?? ""
    for line in lines {
      if case .timer(_, let due) = line.event.kind { dues[Self.beginning + due, default: 0] += 1 }
      if case .connect(let peer, _) = line.event.kind { begun.insert(peer) }
    }
    var random = RandomSource.seeded(1)
    if let first = lines.first?.event {
      now = Self.beginning + first.milliseconds
      wallOffset = first.wallSeconds - Double(now) / 1000
      random.supply(first.drawn)
    }
    mount = try load(
      ReplayStart(
        outbox: outbox, random: random, milliseconds: now,
        wallSeconds: lines.first?.event.wallSeconds ?? 0,
        report: { [failures] event in
          if case .hookFailed(let hook, let error, _) = event {
            failures.texts.append("\(hook) failed: \(error.firstLine)")
          }
        }))
    outbox.addObserver(ear)
  }

  /// Replays everything; `tell` hears of each difference as it turns up.
  public func run(_ tell: (Difference) -> Void) throws(RecordingError) -> Summary {
    for line in lines {
      try runExtraTimers(before: line, tell)
      setTime(max(now, Self.beginning + line.event.milliseconds), wallSeconds: line.event.wallSeconds)
      if case .reload(let reload) = line.event.kind {
        version = reload.version
        continue
      }
      summary.events += 1
      if isCompared { summary.compared += 1 }
      if let peer = line.event.peer, !begun.contains(peer) {
        leaveOut()
        continue
      }
      mount.supply(line.event.drawn)
      var comparison = Comparison()
      let words = describe(line.event)
      try hear(line) { () throws(RecordingError) in try play(line, &comparison) }
      compare(line.event.failures, &comparison)
      comparison.compare(line.event.hearings.filter { begun.contains($0.peer) }, ear.take())
      tellIf(comparison, line, words, milliseconds: line.event.milliseconds, tell)
    }
    return summary
  }

  /// The version that is told.
  public var replayedVersion: String { mount.version }

  private var isCompared: Bool { compared == nil || compared == version }

  private func setTime(_ milliseconds: UInt64, wallSeconds: Double? = nil) {
    now = milliseconds
    if let wallSeconds { wallOffset = wallSeconds - Double(now) / 1000 }
    mount.setTime(milliseconds: now, wallSeconds: wallSeconds ?? wallOffset + Double(now) / 1000)
  }

  private func hear(_ line: Recording.Line, _ body: () throws(RecordingError) -> Void) throws(RecordingError) {
    failures.texts = []
    ear.isListening = true
    defer { ear.isListening = false }
    try body()
    // Everybody reads at once.
    while let outlet = outbox.takeTouched() {
      if outlet < outletCount { outbox.sent(outlet, count: outbox.waiting(outlet)) }
    }
  }

  /// Timers that the recording does not have run when they are due; those that it has, in their turn.
  private func runExtraTimers(before line: Recording.Line, _ tell: (Difference) -> Void) throws(RecordingError) {
    let next = Self.beginning + line.event.milliseconds
    while let due = mount.nextDeadline(), due < next, dues[due] == nil {
      extraTimers += 1
      guard extraTimers <= Self.extraTimersMax else {
        throw RecordingError("\(line.place): the timers of this policy never rest")
      }
      setTime(max(due, now))
      mount.supply([])
      var hasRun = false
      try hear(line) { hasRun = mount.fireTimer() }
      guard hasRun else { continue }
      var comparison = Comparison()
      compare([], &comparison)
      comparison.compare([], ear.take())
      tellIf(comparison, line, "before it a timer runs", milliseconds: now - Self.beginning, tell)
    }
  }

  private func compare(_ then: [String], _ comparison: inout Comparison) {
    guard then != failures.texts else { return }
    comparison.note("policy", then.first ?? "all is well", failures.texts.first ?? "all is well")
  }

  private func tellIf(
    _ comparison: Comparison, _ line: Recording.Line, _ words: String, milliseconds: UInt64,
    _ tell: (Difference) -> Void
  ) {
    guard !comparison.details.isEmpty, isCompared else { return }
    summary.differences += 1
    tell(
      Difference(
        place: line.place, number: summary.events, milliseconds: milliseconds, event: words,
        details: comparison.details))
  }

  // MARK: One event

  private func play(_ line: Recording.Line, _ comparison: inout Comparison) throws(RecordingError) {
    switch line.event.kind {
    case .load, .reload: break
    case .upgrade(let request, let subprotocols, let then):
      let head = try head(request, line)
      verdict = mount.upgrade(head, subprotocols: subprotocols, address: request.address)
      comparison.compare(then, RecordedVerdict(verdict))
    case .request(let request, let then):
      let said = mount.request(try head(request, line), address: request.address)
      comparison.compare("answer", then, said.map { RecordedAnswer($0) })
    case .connect(let peer, let address): connect(peer, address)
    case .message(let peer, let isBinary, let bytes):
      guard let connection = connections[peer] else { return leaveOut() }
      guard outbox.state(of: connection.outlet) == .open else { return }
      unsafe bytes.withUnsafeBytes { unsafe mount.receive($0, isBinary: isBinary, from: connection.peer) }
    case .disconnect(let peer, let isLost, let code, let reason):
      guard let connection = connections.removeValue(forKey: peer) else { return leaveOut() }
      gone.append(peer)
      // The wire's own answer to a close frame is nothing that the policy says.
      ear.isListening = false
      if isLost {
        outbox.release(connection.outlet)
      } else {
        outbox.appendClose(to: connection.outlet, code: nil)
      }
      ear.isListening = true
      mount.disconnectLater(connection.peer, outlet: connection.outlet, code: code, reason: reason)
    case .departures:
      while mount.hasDepartures { mount.continueDepartures() }
      gone = []
    case .timer(_, let due):
      let moment = Self.beginning + due
      dues[moment] = dues[moment].flatMap { $0 > 1 ? $0 - 1 : nil }
      if let next = mount.nextDeadline(), next <= now { _ = mount.fireTimer() }
    }
  }

  private func leaveOut() { summary.leftOut += 1 }

  private func connect(_ peer: Int, _ address: String) {
    guard case .accept(_, let attributes) = verdict else { return leaveOut() }
    let outlet = outletCount
    outletCount += 1
    summary.connections += 1
    outbox.open(outlet)
    ear.peers[outlet] = peer
    connections[peer] = Connection(
      peer: mount.connect(outlet: outlet, address: address, attributes: attributes), outlet: outlet)
  }

  /// The head as it was read then.
  private func head(_ request: RecordedRequest, _ line: Recording.Line) throws(RecordingError) -> RequestHead {
    var wire = ByteQueue()
    wire.append("\(request.method) \(request.target) HTTP/1.\(request.minorVersion)\r\n")
    for field in request.headers { wire.append(field) }
    wire.append("\r\n")
    let limits = HeadLimits(headBytesMax: .max, fieldsMax: .max)
    let answer = unsafe wire.withBytes { unsafe RequestHead.parse(UnsafeRawBufferPointer($0), limits: limits) }
    guard case .complete(let head, _) = answer else {
      throw RecordingError("\(line.place): no relay would read this request")
    }
    return head
  }

  private func describe(_ event: RecordedEvent) -> String {
    switch event.kind {
    case .load: "the scripts are loaded"
    case .reload(let reload): "version \(reload.version) runs"
    case .upgrade(let request, _, _): "a handshake for \(request.target) from \(request.address)"
    case .request(let request, _): "\(request.method) \(request.target) from \(request.address)"
    case .connect(let peer, let address): "peer \(peer) connects from \(address)"
    case .message(let peer, let isBinary, let bytes):
      "peer \(peer) says \((isBinary ? Heard.binary(bytes) : Heard.text(bytes)).printed)"
    case .disconnect(let peer, _, let code, _): "the connection of peer \(peer) has ended (\(code))"
    case .departures where gone.isEmpty: "those who have gone leave"
    case .departures: gone.map { "peer \($0)" }.joined(separator: ", ") + (gone.count == 1 ? " leaves" : " leave")
    case .timer(let name, _): name.isEmpty ? "nobody has come for a kept peer" : "the timer '\(name)' is due"
    }
  }
}
