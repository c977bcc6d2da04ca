/// A server that is up, and how to drive it.
struct Entrant {
  var name: String
  var workload: Workload
  var target: Target
  var pid: Int32?
  /// The process, when the bench has started it; it lives as long as its entrants.
  private var process: ServerProcess?

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

  var speaksGodot: Bool {
    if case .pairs(let signaling) = workload { signaling.name == Protocols.godot.name } else { false }
  }

  /// Drives it for a while.
  func measure(
    _ options: BenchOptions, bytes: Int, inFlight: Int, seconds: Double
  ) throws(BenchError) -> Measurement {
    try Measurement.take(
      workload, target, pid: pid, pairs: options.pairs, messageBytes: bytes, inFlight: inFlight,
      warmUpSeconds: options.warmUpSeconds, seconds: seconds)
  }
}
