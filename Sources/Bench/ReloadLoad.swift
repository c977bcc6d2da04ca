/// What peers under load notice of a script that is replaced again and again.
struct ReloadLoad: Sendable {
  var peers: Int
  var seconds: Double
  var sent: Int
  var received: Int
  var lost: Int
  var duplicated: Int
  var reordered: Int
  var connectionsLost: Int
  /// Passed on by another version than the one that was in service.
  var misversioned: Int
  var byVersion: [Int]
  /// Asked for, and those that the relay did beyond that because it saw the file change.
  var reloads: Int
  var reloadsOfWatch: Int
  var reloadsFailed: Int
  var server: CoreUse
  var generator: CoreUse
  /// Durations by what they are of.
  var durations: [Durations]

  struct Durations: Sendable {
    var name: String
    var key: String
    var nanoseconds: Histogram
  }

  /// Whether nothing has come of the reloads but the other version.
  var isSound: Bool {
    [lost, duplicated, reordered, connectionsLost, misversioned, reloadsFailed].allSatisfy { $0 == 0 }
      && byVersion.allSatisfy { $0 > 0 }
  }

  static let header = [
    "peers", "reloads", "of the watch", "failed", "msgs/s", "msgs by version", "by a wrong one", "lost", "duplicated",
    "reordered", "connections lost", "server busy, waiting", "generator busy, waiting",
  ]

  var cells: [String] {
    [
      "\(peers)", "\(reloads)", "\(reloadsOfWatch)", "\(reloadsFailed)", fixed(Double(received) / seconds, 0),
      byVersion.map { "\($0)" }.joined(separator: " + "), "\(misversioned)", "\(lost)", "\(duplicated)",
      "\(reordered)", "\(connectionsLost)", server.text, generator.text,
    ]
  }

  static let durationHeader = ["under reloads", "number", "p50", "p99", "max"]

  var durationRows: [[String]] {
    durations.map { row in
      [
        row.name, "\(row.nanoseconds.total)", duration(row.nanoseconds.percentile(50)),
        duration(row.nanoseconds.percentile(99)), duration(row.nanoseconds.maximum),
      ]
    }
  }

  var json: String {
    jsonObject(
      [
        ("peers", "\(peers)"), ("seconds", fixed(seconds, 3)), ("reloads", "\(reloads)"),
        ("reloads_of_watch", "\(reloadsOfWatch)"), ("reloads_failed", "\(reloadsFailed)"), ("sent", "\(sent)"),
        ("received", "\(received)"), ("by_version", "\(byVersion)"), ("misversioned", "\(misversioned)"),
        ("lost", "\(lost)"), ("duplicated", "\(duplicated)"), ("reordered", "\(reordered)"),
        ("connections_lost", "\(connectionsLost)"), ("server_busy", fixed(server.busy, 3)),
        ("server_waiting", fixed(server.waiting, 3)), ("generator_busy", fixed(generator.busy, 3)),
        ("generator_waiting", fixed(generator.waiting, 3)),
      ] + durations.map { ($0.key, Self.json($0.nanoseconds)) })
  }

  private static func json(_ nanoseconds: Histogram) -> String {
    func microseconds(_ value: UInt64) -> String { fixed(Double(value) / 1e3, 1) }
    return jsonObject([
      ("number", "\(nanoseconds.total)"), ("p50_us", microseconds(nanoseconds.percentile(50))),
      ("p99_us", microseconds(nanoseconds.percentile(99))), ("max_us", microseconds(nanoseconds.maximum)),
    ])
  }
}
