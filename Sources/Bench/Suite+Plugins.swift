extension Suite {
  /// Finds the files of the plugins to measure. Of the usual ones, those that are not there are left out.
  mutating func findPlugins() throws(BenchError) {
    guard options.target == nil, options.wants(.plugins) || options.wants(.hooks) else { return }
    let isUsual = options.plugins.files.isEmpty
    chain = isUsual ? .usual : options.plugins
    chain.files = []
    for file in isUsual ? PluginChain.usual.files : options.plugins.files {
      if let place = programs.find(file) {
        chain.files.append(place)
      } else if isUsual {
        report.notes.append("The plugin \(file) is missing and left out.")
      } else {
        throw .usage("there is no plugin \(file)")
      }
    }
    chain = chain.prefix(chain.files.count)
  }

  /// With as many messages in flight as there are in any workload: the less the kernel does for one, the more it shows
  /// what the hooks do.
  mutating func measurePlugins() throws(BenchError) {
    guard !chain.files.isEmpty, let inFlight = options.inFlight.max() else { return }
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
