/// How a process gets on with the cores from now on.
struct CoreClock {
  private let pid: Int32
  private let start = LoadGenerator.now()
  private let busy: UInt64
  private let waited: UInt64

  init(_ pid: Int32) {
    self.pid = pid
    busy = ProcessClock.cpuNanoseconds(pid) ?? 0
    waited = ProcessClock.waitedNanoseconds(pid) ?? 0
  }

  /// Since the beginning; nothing of a process that is gone.
  func use() -> CoreUse {
    let wall = Double(max(1, LoadGenerator.now() - start))
    func share(_ now: UInt64?, _ before: UInt64) -> Double { Double((now ?? before) - before) / wall }
    return CoreUse(
      busy: share(ProcessClock.cpuNanoseconds(pid), busy),
      waiting: share(ProcessClock.waitedNanoseconds(pid), waited))
  }
}

/// Shares of the time.
struct CoreUse: Sendable {
  var busy: Double
  /// With something to do, but without a core: others had it.
  var waiting: Double

  var text: String { "\(percent(busy)), \(percent(waiting))" }
}
