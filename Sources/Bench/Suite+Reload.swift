import Glibc

extension Suite {
  /// 20,000 in all with 10,000 peers: a third of what two cores bear.
  static let messagesPerPeerAndSecond = 2.0

  /// Peers in lobbies of two send numbered messages while the script changes ten times a second.
  mutating func measureReload() throws(BenchError) {
    guard options.peers > 0 else { return }
    let folder = try ScriptFolder(programs)
    let command = programs.relay(
      Protocols.godot, options.serveArguments + ["--script", folder.script, "--admin", "127.0.0.1:0"])
    let relay = try ServerProcess(command, pinned: true)
    let admin = try relay.adminPort()
    Self.progress("\(options.peers) peers come for the reloads")
    let seats = try Workload.pairs(Protocols.godot).seats(
      .local(port: relay.port), pairs: options.peers / 2, messageBytes: Self.reloadMessageBytes)
    report.reload = try Self.reload(relay, admin, folder, seats, options)
  }

  private static let reloadMessageBytes = 200
  /// For what is on its way at the end to arrive.
  private static let patienceSeconds = 2.0

  private static func reload(
    _ relay: ServerProcess, _ admin: UInt16, _ folder: ScriptFolder, _ seats: [Seat], _ options: BenchOptions
  ) throws(BenchError) -> ReloadLoad {
    let count = max(1, Int(options.reloadSeconds * VersionChanges.perSecond))
    progress("\(count) reloads under load")
    let before = try reloads(admin)
    let start = LoadGenerator.now() + UInt64(options.warmUpSeconds * 1e9)
    var traffic = try NumberedTraffic(
      seats, messagesPerSecond: messagesPerPeerAndSecond * Double(options.peers),
      windows: PauseWindows(start: start, nanosecondsEach: VersionChanges.windowNanoseconds, count: 2 * count))
    var changes = VersionChanges(folder, adminPort: admin, count: count, start: start)
    let server = CoreClock(relay.pid)
    let generator = CoreClock(getpid())
    let begin = LoadGenerator.now()
    var turns = Histogram()
    let end = start + UInt64(count) * 2 * VersionChanges.windowNanoseconds
    while LoadGenerator.now() < end || !changes.isDone {
      let turn = LoadGenerator.now()
      try traffic.turn()
      try changes.turn(&traffic)
      turns.record(LoadGenerator.now() - turn)
    }
    let wall = Double(LoadGenerator.now() - begin)
    let (serverUse, generatorUse) = (server.use(), generator.use())
    try traffic.drain(seconds: patienceSeconds)
    let after = try reloads(admin)
    return ReloadLoad(
      peers: seats.count, seconds: wall / 1e9, sent: traffic.sent, received: traffic.received, lost: traffic.lost,
      duplicated: traffic.duplicated, reordered: traffic.reordered, connectionsLost: traffic.connectionsLost,
      misversioned: traffic.misversioned, byVersion: traffic.byVersion, reloads: changes.asked,
      reloadsOfWatch: after.done - before.done - (changes.asked - changes.refused),
      reloadsFailed: after.failed - before.failed, server: serverUse, generator: generatorUse,
      durations: [
        .init(name: "loading a version", key: "loading", nanoseconds: changes.loading),
        .init(name: "a reload, from asking to the answer", key: "answering", nanoseconds: changes.answering),
        .init(
          name: "a message's longest way in 50 ms with a reload", key: "longest_with",
          nanoseconds: traffic.windows.longest(disturbed: true)),
        .init(
          name: "a message's longest way in 50 ms without", key: "longest_without",
          nanoseconds: traffic.windows.longest(disturbed: false)),
        .init(name: "any message's way", key: "way", nanoseconds: traffic.latency),
        .init(name: "a turn of the generator", key: "turn", nanoseconds: turns),
      ])
  }

  /// What the relay counts itself.
  private static func reloads(_ admin: UInt16) throws(BenchError) -> (done: Int, failed: Int) {
    let status = try AdminCall.fetch("/status", port: admin)
    guard let done = rawMember("reloads", of: status).flatMap({ Int($0) }),
      let failed = rawMember("reloads_failed", of: status).flatMap({ Int($0) })
    else { throw .server("the admin listener says nothing of reloads: \(status)") }
    return (done, failed)
  }
}
