/// The whole programme: every workload against every server, in turns, then the plugins and the memory test.
struct Suite {
  let options: BenchOptions
  let programs: Programs
  /// The plugins to measure.
  var chain = PluginChain.none
  var report = Report()

  init(_ options: BenchOptions) throws(BenchError) {
    self.options = options
    programs = Programs.find(options)
    try findPlugins()
  }

  static func progress(_ text: String) { complain("bench: \(text)") }

  /// Starts the servers that are there and measures them.
  mutating func runAll() throws(BenchError) {
    if !Cores.pin(to: Cores.generator) {
      report.notes.append("Server and generator are not pinned: there is only one core, or the system forbids it.")
    }
    if options.wants(.relay) || options.wants(.protocols) || options.wants(.idle) { try run(try entrants()) }
    if options.wants(.plugins) { try measurePlugins() }
    if options.wants(.reload) { try measureReload() }
  }

  private mutating func entrants() throws(BenchError) -> [Entrant] {
    var entrants: [Entrant] = []
    if options.wants(.relay) || options.wants(.protocols) {
      if let floor = programs.floor {
        entrants.append(Entrant("floor", .echo, try ServerProcess([floor, "0"], pinned: true)))
      } else {
        report.notes.append("There is no `floor` beside this binary to compare with; `swift build` makes it.")
      }
    }
    if options.wants(.relay) || options.wants(.idle) { entrants += try godotServers() }
    guard options.wants(.protocols) else { return entrants }
    for signaling in Protocols.all where signaling.name != Protocols.godot.name {
      let relay = try ServerProcess(programs.relay(signaling), pinned: true)
      entrants.append(Entrant(signaling.name, .pairs(signaling), relay))
    }
    return entrants
  }

  private mutating func godotServers() throws(BenchError) -> [Entrant] {
    let relay = try ServerProcess(programs.relay(Protocols.godot, options.serveArguments), pinned: true)
    let entrant = Entrant("relay", .pairs(Protocols.godot), relay)
    guard let node = programs.node else {
      if options.withNode { report.notes.append("Node or its server is missing and left out.") }
      return [entrant]
    }
    let process = try ServerProcess(node, environment: Programs.nodeEnvironment, pinned: true)
    return [entrant, Entrant("node", .pairs(Protocols.godot), process)]
  }

  /// All workloads, then the memory test, against servers that are up.
  mutating func run(_ entrants: [Entrant]) throws(BenchError) {
    let driven = entrants.filter { options.wants(.relay) || !$0.speaksGodot }
    if options.wants(.relay) || options.wants(.protocols) {
      for bytes in options.messageBytes {
        for inFlight in options.inFlight { try measure(driven, bytes, inFlight) }
      }
    }
    guard options.wants(.idle), options.idle > 0 else { return }
    for entrant in entrants where entrant.speaksGodot {
      guard let pid = entrant.pid else { continue }
      if !options.wants(.relay) { try warmUp(entrant) }
      Self.progress("\(options.idle) idle connections, \(entrant.name)")
      let idle = try IdleMemory.take(
        entrant.target, pid: pid, connections: options.idle, joinedPercent: options.joinedPercent)
      report.memory.append(Report.Memory(server: entrant.name, idle: idle))
    }
  }

  /// Some load, so that what a server sets up once is not counted as its idle members'.
  private func warmUp(_ entrant: Entrant) throws(BenchError) {
    for bytes in options.messageBytes {
      for inFlight in options.inFlight {
        _ = try entrant.measure(options, bytes: bytes, inFlight: inFlight, seconds: 0.3)
      }
    }
  }

  /// One workload: in every round each entrant once, so that a slow minute of the machine hits all of them.
  private mutating func measure(_ entrants: [Entrant], _ bytes: Int, _ inFlight: Int) throws(BenchError) {
    let name = "\(bytes) B, \(inFlight) in flight"
    var rows = entrants.map { Report.Row(workload: name, server: $0.name, rounds: [], floorRatios: []) }
    for round in 1...options.rounds {
      var floor: Double?
      for (index, entrant) in entrants.enumerated() {
        Self.progress("\(name), round \(round) of \(options.rounds), \(entrant.name)")
        let result = try entrant.measure(options, bytes: bytes, inFlight: inFlight, seconds: options.seconds)
        rows[index].rounds.append(result)
        if entrant.name == "floor" { floor = result.serverMicroseconds }
        if let floor, let cost = result.serverMicroseconds { rows[index].floorRatios.append(cost / floor) }
      }
    }
    report.rows += rows
  }
}
