import Relay

/// How the log is written: `--log-NAME VALUE`, or `log { NAME = VALUE }` in a configuration.
struct LogPlan: Equatable {
  static let names = ["format", "level", "addresses"]

  private(set) var format = Log.Format.text
  private(set) var level = Log.Level.info
  private(set) var addresses = LoggedAddresses.full

  /// Answers what is wrong; nil when it is set.
  mutating func set(_ name: String, to text: String) -> String? {
    switch name {
    case "format":
      guard let format = Log.Format(rawValue: text) else { return "is text or json, not '\(text)'" }
      self.format = format
    case "level":
      guard let level = Log.Level(text) else { return "is debug, info, warning or error, not '\(text)'" }
      self.level = level
    default:
      guard let addresses = LoggedAddresses(rawValue: text) else { return "is full, network or none, not '\(text)'" }
      self.addresses = addresses
    }
    return nil
  }

  func apply(to log: Log) { (log.format, log.level, log.addresses) = (format, level, addresses) }

  /// What is other than before, in words.
  func changes(from former: LogPlan) -> [String] {
    var changes: [String] = []
    if level != former.level { changes.append("the log's level is \(level) now") }
    if format != former.format { changes.append("the log's format is \(format) now") }
    if addresses != former.addresses { changes.append("the log shows addresses in this way now: \(addresses)") }
    return changes
  }
}
