/// Where a recording passes from one version of a mount's scripts to another.
public struct Passage: Sendable, Equatable {
  /// `file:line`.
  public let place: String
  /// Since the beginning.
  public let milliseconds: UInt64
  public let from: String
  /// The same for one that was loaded anew.
  public let to: String
  public let reason: RecordedEvent.Reload.Reason
  /// Events of the mount that came before.
  public let eventsBefore: Int

  /// As it is printed.
  public var text: String {
    let fraction = String(1000 + milliseconds % 1000).dropFirst()
    let change = from == to ? "version \(from) anew" : "version \(from) → \(to)"
    let events = eventsBefore == 1 ? "1 event" : "\(eventsBefore) events"
    return "\(place): at \(milliseconds / 1000).\(fraction) s \(change) (\(reason.words)), \(events) before it"
  }
}

extension RecordedEvent.Reload.Reason {
  fileprivate var words: String {
    switch self {
    case .files: "its files changed"
    case .signal: "SIGHUP"
    case .operator: "lobbyist reload"
    case .failures: "it failed too often"
    case .other: "replaced"
    }
  }
}

extension Recording {
  /// Of one mount, in their order.
  public func passages(of mount: String) -> [Passage] {
    var passages: [Passage] = []
    var version = header.mounts.first { $0.name == mount }?.version ?? ""
    var events = 0
    for line in lines where line.event.mount == mount {
      guard case .reload(let reload) = line.event.kind else {
        events += 1
        continue
      }
      passages.append(
        Passage(
          place: line.place, milliseconds: line.event.milliseconds, from: version, to: reload.version,
          reason: reload.reason, eventsBefore: events))
      version = reload.version
    }
    return passages
  }
}
