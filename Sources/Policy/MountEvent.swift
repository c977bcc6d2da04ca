/// What a mount reports: for the log and the metrics.
public enum MountEvent: Sendable {
  /// A hook failed; its effects were taken back.
  case hookFailed(hook: String, ScriptError)
  /// A script's own log line.
  case script(level: String, text: String)
}

/// What a mount has counted since it began.
public struct MountCounters: Sendable {
  public var messagesIn: UInt64 = 0
  public var messagesOut: UInt64 = 0
  public var messagesDropped: UInt64 = 0
  public var hookFailures: UInt64 = 0
  public var slowReadersClosed: UInt64 = 0
  /// Counted by the script (`relay.count`), by name; at most `MountCore.countersMax` names.
  public var script: [String: Int64] = [:]
}
