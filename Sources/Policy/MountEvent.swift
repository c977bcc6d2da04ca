/// What a mount reports: for the log and the metrics.
public enum MountEvent: Sendable {
  /// A hook of this version failed; its effects were taken back.
  case hookFailed(hook: String, ScriptError, version: String)
  /// The running version has failed too often: the former one runs again.
  case fellBack(from: String, to: String)
  /// A version that ran beside the newest has no lobby any longer.
  case finished(version: String)
  /// A script's own log line.
  case script(level: String, text: String)
}
