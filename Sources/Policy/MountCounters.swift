/// What a mount has counted since it began.
public struct MountCounters: Sendable {
  public var messagesIn: UInt64 = 0
  public var messagesOut: UInt64 = 0
  public var messagesDropped: UInt64 = 0
  public var hookFailures: UInt64 = 0
  public var slowReadersClosed: UInt64 = 0
  public var closes = CloseCounts()
  /// Counted by the script (`relay.count`), by name; at most `MountCore.countersMax` names.
  public var script: [String: Int64] = [:]
}

/// What the running hook may still have to give back: the counters that it moves, as they were before it.
struct CounterJournal {
  private var messagesOut: UInt64 = 0
  private var messagesDropped: UInt64 = 0
  private var slowReadersClosed: UInt64 = 0
  /// Only of the names that this hook has counted; nil where a name is new.
  private var script: [String: Int64?] = [:]

  /// Notes what a name stood at, before it is counted for the first time.
  mutating func note(_ name: String, was: Int64?) {
    if script[name] == nil { script.updateValue(was, forKey: name) }
  }

  @inline(__always)
  mutating func commit(_ counters: borrowing MountCounters) {
    messagesOut = counters.messagesOut
    messagesDropped = counters.messagesDropped
    slowReadersClosed = counters.slowReadersClosed
    if !script.isEmpty { script.removeAll(keepingCapacity: true) }
  }

  mutating func rollback(_ counters: inout MountCounters) {
    counters.messagesOut = messagesOut
    counters.messagesDropped = messagesDropped
    counters.slowReadersClosed = slowReadersClosed
    for (name, was) in script { counters.script[name] = was }
    script.removeAll(keepingCapacity: true)
  }
}
