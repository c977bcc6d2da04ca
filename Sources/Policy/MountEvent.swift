/// What a mount reports: for the log and the metrics.
public enum MountEvent: Sendable {
  /// A hook of this version failed; its effects were taken back.
  case hookFailed(hook: String, ScriptError, in: VersionName)
  /// The running version has failed too often: the former one runs again.
  case fellBack(from: VersionName, to: VersionName)
  /// A version that ran beside the newest has no lobby any longer.
  case finished(VersionName)
  /// A peer is closed as it does not take what waits for it: it has reached a limit, which is given with its value.
  case closedAtLimit(outlet: UInt32, limit: String)
  /// A script's own log line.
  case script(level: String, text: String)
}

/// A version as the log names it.
public struct VersionName: Sendable, Equatable, CustomStringConvertible {
  /// The policy's.
  public let path: String
  public let version: String

  public var description: String { "\(path) (version \(version))" }
}

extension ScriptVersion {
  var name: VersionName { VersionName(path: scripts.policy.path, version: version) }
}
