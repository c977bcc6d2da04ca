/// The whole programme: every workload against every server, in turns, then the memory test.
struct Suite {
  /// A server that is up, and how to drive it.
  struct Entrant {
    var name: String
    var workload: Workload
    var target: Target
    var pid: Int32?
    /// The process, when the bench has started it; it lives as long as its entrants.
    var process: ServerProcess?

    init(_ name: String, _ workload: Workload, _ target: Target, pid: Int32?) {
      self.name = name
      self.workload = workload
      self.target = target
      self.pid = pid
    }

    init(_ name: String, _ workload: Workload, _ process: ServerProcess) {
      self.init(name, workload, .local(port: process.port), pid: process.pid)
      self.process = process
    }
  }

  let options: BenchOptions
  var report = Report()

  init(_ options: BenchOptions) { self.options = options }

  static func progress(_ text: String) { complain("bench: \(text)") }

  /// Starts the servers that are there and measures them.
  mutating func runAll() throws(BenchError) {
    let programs = Programs.find(options)
    if !Cores.pin(to: Cores.generator) {
      report.notes.append("Server and generator are not pinned: there is only one core, or the system forbids it.")
    }
    var entrants: [Entrant] = []
    if let floor = programs.floor {
      entrants.append(Entrant("floor", .echo, try ServerProcess([floor, "0"], pinned: true)))
    } else {
      report.notes.append("There is no `floor` beside this binary to compare with; `swift build` makes it.")
    }
    let relay = try ServerProcess(programs.relay(options.serveArguments), pinned: true)
    entrants.append(Entrant("relay", .relay, relay))
    if let node = programs.node {
      let process = try ServerProcess(node, environment: Programs.nodeEnvironment, pinned: true)
      entrants.append(Entrant("node", .relay, process))
    } else if options.withNode {
      report.notes.append("Node or its server is missing and left out.")
    }
    try run(entrants)
  }

  /// All workloads, then the memory test, against servers that are up.
  mutating func run(_ entrants: [Entrant]) throws(BenchError) {
    for bytes in options.messageBytes {
      for inFlight in options.inFlight { try measure(entrants, bytes, inFlight) }
    }
    guard options.idle > 0 else { return }
    for entrant in entrants where entrant.workload == .relay {
      guard let pid = entrant.pid else { continue }
      Self.progress("\(options.idle) idle connections, \(entrant.name)")
      let idle = try IdleMemory.take(
        entrant.target, pid: pid, connections: options.idle, joinedPercent: options.joinedPercent)
      report.memory.append(Report.Memory(server: entrant.name, idle: idle))
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
        let result = try Measurement.take(
          entrant.workload, entrant.target, pid: entrant.pid, pairs: options.pairs, messageBytes: bytes,
          inFlight: inFlight, warmUpSeconds: options.warmUpSeconds, seconds: options.seconds)
        rows[index].rounds.append(result)
        if entrant.name == "floor" { floor = result.serverMicroseconds }
        if let floor, let cost = result.serverMicroseconds { rows[index].floorRatios.append(cost / floor) }
      }
    }
    report.rows += rows
  }
}
