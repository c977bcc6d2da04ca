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

extension Suite {
  /// The plugins to measure, where their files are.
  func findPlugins() throws(BenchError) -> PluginChain {
    var chain = options.plugins.files.isEmpty ? PluginChain.usual : options.plugins
    for (index, file) in chain.files.enumerated() {
      guard let place = programs.find(file) else { throw .server("the plugin \(file) is missing") }
      chain.files[index] = place
    }
    return chain
  }

  /// With as many messages in flight as there are in any workload: the less the kernel does for one, the more it shows
  /// what the hooks do.
  mutating func measurePlugins() throws(BenchError) {
    let chain = try findPlugins()
    guard let inFlight = options.inFlight.max() else { return }
    let without = try godotRelay("without plugins", .none)
    let with = try godotRelay("with \(chain.files.count) plugins", chain)
    for bytes in options.messageBytes {
      var cost = PluginCost(workload: "\(bytes) B, \(inFlight) in flight", plugins: chain.names)
      for round in 1...options.pairedRounds {
        // Whoever is second may find the machine in another state: they take turns at that, too.
        for entrant in round % 2 == 1 ? [without, with] : [with, without] {
          Self.progress("\(cost.workload), round \(round) of \(options.pairedRounds), \(entrant.name)")
          let result = try entrant.measure(
            options, bytes: bytes, inFlight: inFlight, seconds: options.seconds / 3)
          guard let microseconds = result.serverMicroseconds else { continue }
          if entrant.pid == with.pid { cost.with.append(microseconds) } else { cost.without.append(microseconds) }
        }
      }
      report.plugins.append(cost)
    }
  }

  private func godotRelay(_ name: String, _ chain: PluginChain) throws(BenchError) -> Entrant {
    let command = programs.relay(Protocols.godot, plugins: chain, options.serveArguments)
    return Entrant(name, .pairs(Protocols.godot), try ServerProcess(command, pinned: true))
  }
}
