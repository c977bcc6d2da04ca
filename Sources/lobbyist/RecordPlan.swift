import Policy
import Reactor
import Recording
import Relay

/// What the command line says about a recording.
struct RecordPlan {
  static let bytesMin = 4096

  var path: String?
  var payloads = RecordedPayloads.full
  var bytesMax = 64 << 20
  /// An option that says nothing without a file.
  private var lonely: String?

  /// False for an option that is none of these.
  mutating func read(_ name: String, _ options: inout Options) throws(UsageError) -> Bool {
    switch name {
    case "--record":
      let text = try options.value(of: name)
      guard !text.isEmpty else { throw UsageError("--record wants the name of a file") }
      path = text
    case "--record-payloads":
      let text = try options.value(of: name)
      guard let payloads = RecordedPayloads(rawValue: text) else {
        throw UsageError("--record-payloads is full, hash or none, not '\(text)'")
      }
      self.payloads = payloads
      lonely = name
    case "--record-bytes":
      let text = try options.value(of: name)
      guard let bytes = Int(text), bytes >= Self.bytesMin else {
        throw UsageError("--record-bytes is a whole number from \(Self.bytesMin) on, not '\(text)'")
      }
      bytesMax = bytes
      lonely = name
    default: return false
    }
    return true
  }

  func check() throws(UsageError) {
    if let lonely, path == nil { throw UsageError("\(lonely) goes with --record FILE") }
  }

  /// Nil when nothing is to be recorded. The file is begun by its `begin`.
  func recorder(_ log: Log) -> Recorder? {
    guard let path else { return nil }
    return Recorder(
      path: path, bytesMax: bytesMax, payloads: payloads, relay: Lobbyist.version, began: Clock.wallTime,
      complain: { log.error($0) })
  }

  /// What the operator should know about the file.
  /// What whoever started the relay should know of it; nil when nothing is recorded.
  var announcement: String? {
    guard let path else { return nil }
    switch payloads {
    case .full: return "recording into \(path): all that peers say, their addresses, the settings; keep it to yourself"
    case .hash, .none: return "recording into \(path) without what peers say; it cannot be replayed"
    }
  }
}

extension Recorder: Journal {
  public func reloaded(
    _ outcomes: [ReloadOutcome], _ reason: ReloadReason, milliseconds: UInt64, wallSeconds: Double
  ) {
    let loaded = outcomes.compactMap { outcome -> (script: String, version: String)? in
      guard case .loaded(let version, _) = outcome.result else { return nil }
      return (outcome.subject, version)
    }
    let because: RecordedEvent.Reload.Reason =
      switch reason {
      case .files: .files
      case .signal: .signal
      case .operator: .operator
      }
    noteReload(of: loaded, because, milliseconds: milliseconds, wallSeconds: wallSeconds)
  }
}
