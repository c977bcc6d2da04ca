/// What a mount reports: for the log and the metrics.
public enum MountEvent: Sendable {
  /// A hook failed; its effects were taken back.
  case hookFailed(hook: String, ScriptError)
  /// The running version has failed too often: the former one runs again.
  case fellBack(from: String, to: String)
  /// A script's own log line.
  case script(level: String, text: String)
}
