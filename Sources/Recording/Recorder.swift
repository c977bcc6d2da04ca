import Conversation
import HTTP
import Policy

/// Writes what the mounts of a relay are told and what they answer into a file, in order, one event a line.
public final class Recorder {
  /// Milliseconds that an event may wait until it is written.
  private static let flushMilliseconds: UInt64 = 1000

  private let path: String
  private let bytesMax: Int
  /// Nil before the beginning, and when the disk has refused.
  private var file: RecordFile?
  private let complain: (String) -> Void
  private var header: RecordingHeader
  private let ear = Ear()
  private var peerCount = 0
  private var failures: [String] = []
  private var loads: [RecordedEvent] = []
  private var mounts: [MountRecorder] = []
  private var lastFlush: UInt64 = 0
  /// When the first mount was loaded, in monotonic milliseconds: where the clock of the events begins.
  private var began: UInt64 = 0

  /// - Parameters:
  ///   - relay: the version of the relay.
  ///   - began: seconds since 1970.
  ///   - complain: is told once when the disk ends the recording.
  public init(
    path: String, bytesMax: Int, payloads: RecordedPayloads, relay: String, began: Double,
    complain: @escaping (String) -> Void
  ) {
    self.path = path
    self.bytesMax = bytesMax
    let id = Hexadecimal.text(UInt64.random(in: .min ... .max))
    header = RecordingHeader(relay: relay, id: id, began: began, payloads: payloads)
    self.complain = complain
  }

  /// Observes a mount that has just been loaded with a random source that notes. Before `begin`.
  public func add(_ mount: Mount, _ description: RecordingHeader.Mount, milliseconds: UInt64, wallSeconds: Double) {
    if header.mounts.isEmpty { began = milliseconds }
    var description = description
    description.version = mount.version
    let name = mount.scripts.policy.name
    description.name = name
    var number = 1
    while header.mounts.contains(where: { $0.name == description.name }) {
      number += 1
      description.name = "\(name)-\(number)"
    }
    header.mounts.append(description)
    var load = RecordedEvent(
      mount: description.name, milliseconds: milliseconds, wallSeconds: wallSeconds, kind: .load)
    load.drawn = mount.takeDrawn()
    load.beginAt(began)
    loads.append(load)
    let observer = MountRecorder(mount, name: description.name, self)
    mounts.append(observer)
    mount.addObserver(observer)
  }

  /// Some mounts run another version. `loaded`: policies' paths and the versions that were loaded, in case it is the
  /// same one again.
  public func noteReload(
    of loaded: [(script: String, version: String)], _ reason: RecordedEvent.Reload.Reason, milliseconds: UInt64,
    wallSeconds: Double
  ) {
    for mount in mounts {
      mount.noteReload(reason, milliseconds: milliseconds, wallSeconds: wallSeconds) { version, script in
        loaded.contains { $0.script == script && $0.version == version }
      }
    }
  }

  /// Begins the file, when all mounts have been added; `outbox` is what they write into.
  public func begin(_ outbox: Outbox) throws(RecordingError) {
    let file = try RecordFile(path, bytesMax: bytesMax)
    self.file = file
    outbox.addObserver(ear)
    try file.append(line: header.line)
    for load in loads { try file.append(line: load.line(header.payloads)) }
    try file.flush()
    loads = []
  }

  /// A hook of the event that runs has failed.
  public func note(_ event: MountEvent) {
    if case .hookFailed(let hook, let error, _) = event { failures.append("\(hook) failed: \(error.firstLine)") }
  }

  /// When something has to be written, in monotonic milliseconds; nil when nothing waits.
  public var deadline: UInt64? {
    guard let file, file.isWaiting else { return nil }
    return lastFlush + Self.flushMilliseconds
  }

  /// Writes what has waited long enough.
  public func turnEnded(at now: UInt64) {
    guard let deadline, now >= deadline else { return }
    lastFlush = now
    flush()
  }

  /// Writes everything that waits.
  public func flush() {
    guarded { file throws(RecordingError) in try file.flush() }
  }

  // MARK: Events

  fileprivate func begin() {
    ear.isListening = true
    failures = []
  }

  fileprivate func end(_ event: RecordedEvent) {
    ear.isListening = false
    var event = event
    event.hearings = ear.take()
    event.failures = failures
    write(event)
  }

  /// A mount of this name runs another version, or the same one anew.
  fileprivate func mark(_ event: RecordedEvent, _ reload: RecordedEvent.Reload) {
    write(event)
    guard let index = header.mounts.firstIndex(where: { $0.name == event.mount }) else { return }
    // For the file after this one, which may not hold the mark.
    header.mounts[index].version = reload.version
    header.mounts[index].script = reload.script
  }

  private func write(_ event: RecordedEvent) {
    var event = event
    event.beginAt(began)
    guarded { file throws(RecordingError) in
      let line = event.line(header.payloads)
      if file.isFull(for: line.count) {
        try file.rotate()
        header.generation += 1
        try file.append(line: header.line)
      }
      try file.append(line: line)
    }
  }

  /// The number of a connection that begins.
  fileprivate func number(_ outlet: UInt32) -> Int {
    peerCount += 1
    ear.peers[outlet] = peerCount
    return peerCount
  }

  fileprivate func peer(at outlet: UInt32) -> Int { ear.peers[outlet] ?? 0 }

  /// The number of a connection that ends: its outlet is soon another's.
  fileprivate func forget(_ outlet: UInt32) -> Int { ear.peers.removeValue(forKey: outlet) ?? 0 }

  /// The first error of the disk ends the recording, and nothing else.
  private func guarded(_ body: (RecordFile) throws(RecordingError) -> Void) {
    guard let file else { return }
    do throws(RecordingError) {
      try body(file)
    } catch {
      self.file = nil
      complain("the recording has ended: \(error.message)")
    }
  }
}

/// Watches one mount for a recorder.
private final class MountRecorder: MountObserver {
  let wantsOneVersion = true
  private let name: String
  private let recorder: Recorder
  private weak var mount: Mount?
  /// The version that the last event was of.
  private var version: String
  private var event: RecordedEvent?

  init(_ mount: Mount, name: String, _ recorder: Recorder) {
    self.mount = mount
    version = mount.version
    self.name = name
    self.recorder = recorder
  }

  /// Marks that another version runs, or one that `isAnew`.
  func noteReload(
    _ reason: RecordedEvent.Reload.Reason, milliseconds: UInt64, wallSeconds: Double,
    _ isAnew: (_ version: String, _ script: String) -> Bool = { _, _ in false }
  ) {
    guard let mount, mount.version != version || isAnew(version, mount.scripts.policy.path) else { return }
    version = mount.version
    let reload = RecordedEvent.Reload(version: version, script: mount.scripts.policy.path, reason: reason)
    recorder.mark(
      RecordedEvent(mount: name, milliseconds: milliseconds, wallSeconds: wallSeconds, kind: .reload(reload)), reload)
  }

  func begins(_ input: MountInput, milliseconds: UInt64, wallSeconds: Double) {
    noteReload(.other, milliseconds: milliseconds, wallSeconds: wallSeconds)
    event = RecordedEvent(mount: name, milliseconds: milliseconds, wallSeconds: wallSeconds, kind: kind(of: input))
    recorder.begin()
  }

  func ends(_ answer: MountAnswer, drawn: [UInt64]) {
    guard var event = event.take() else { return }
    event.drawn = drawn
    switch (event.kind, answer) {
    case (.upgrade(let request, let subprotocols, _), .upgrade(let verdict)):
      event.kind = .upgrade(request, subprotocols: subprotocols, RecordedVerdict(verdict))
    case (.request(let request, _), .request(let said)):
      event.kind = .request(request, said.map { RecordedAnswer($0) })
    default: break
    }
    recorder.end(event)
    // Only one that fails too often is replaced within an event.
    noteReload(.failures, milliseconds: event.milliseconds, wallSeconds: event.wallSeconds)
  }

  private func kind(of input: MountInput) -> RecordedEvent.Kind {
    switch input {
    case .upgrade(let head, let subprotocols, let address):
      let undecided = RecordedVerdict.accepted(subprotocol: nil)
      return .upgrade(RecordedRequest(head, address), subprotocols: subprotocols, undecided)
    case .request(let head, let address): return .request(RecordedRequest(head, address), nil)
    case .connect(let outlet, let address): return .connect(peer: recorder.number(outlet), address: address)
    case .message(let outlet, let isBinary, let bytes):
      return .message(peer: recorder.peer(at: outlet), isBinary: isBinary, bytes)
    case .disconnect(let outlet, let isLost, let code, let reason):
      return .disconnect(peer: recorder.forget(outlet), isLost: isLost, code: code, reason: reason)
    case .departures: return .departures
    case .timer(let name, let due): return .timer(name: String(decoding: name, as: UTF8.self), due: due)
    }
  }
}

extension RecordedRequest {
  init(_ head: RequestHead, _ address: String) {
    self.init(
      method: head.method, target: head.target, minorVersion: head.minorVersion, headers: head.headers,
      address: address)
  }
}

extension RecordedVerdict {
  init(_ verdict: UpgradeVerdict) {
    switch verdict {
    case .accept(let subprotocol, _): self = .accepted(subprotocol: subprotocol)
    case .refuse(let answer): self = .refused(RecordedAnswer(answer))
    }
  }
}

extension RecordedAnswer {
  init(_ answer: RequestAnswer) {
    self.init(status: answer.status, headers: answer.headers, body: answer.body)
  }
}
