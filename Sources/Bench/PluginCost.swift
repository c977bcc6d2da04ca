/// What a chain of plugins costs a server with every message: two servers, without and with it, in rounds by turns.
struct PluginCost: Sendable {
  var workload: String
  var plugins: [String]
  /// CPU time per message in microseconds, by rounds.
  var without: [Double] = []
  var with: [Double] = []

  /// By rounds: both figures of a round share what the machine did meanwhile.
  var perPlugin: Spread? { Spread(zip(with, without).map { ($0 - $1) / Double(plugins.count) }) }

  static let header = [
    "workload", "plugins", "CPU us/msg without", "with all", "us per plugin (middle half)", "rounds",
  ]

  var cells: [String] {
    [
      workload, plugins.joined(separator: ", "), median(without).map { fixed($0, 3) } ?? "-",
      median(with).map { fixed($0, 3) } ?? "-", perPlugin?.text(3) ?? "-", "\(with.count)",
    ]
  }

  var json: String {
    jsonObject([
      ("workload", quoted(workload)), ("plugins", "[\(plugins.map(quoted).joined(separator: ","))]"),
      ("cpu_us_per_message_without", median(without).map { fixed($0, 4) }),
      ("cpu_us_per_message_with", median(with).map { fixed($0, 4) }),
      ("us_per_plugin_quartiles", perPlugin?.json(4)), ("rounds", "\(with.count)"),
    ])
  }
}
