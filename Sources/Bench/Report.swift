/// What a run of the bench has found: rows for a table, in the order in which they were measured.
struct Report: Sendable {
  /// One workload against one server over all rounds.
  struct Row: Sendable {
    var workload: String
    var server: String
    var rounds: [Measurement]
    /// CPU time per message divided by the floor's in the same round; empty without a floor.
    var floorRatios: [Double]

    var serverMicroseconds: Double? { median(rounds.compactMap(\.serverMicroseconds)) }
    var floorRatio: Double? { median(floorRatios) }
    var messagesPerSecond: Double { median(rounds.map(\.messagesPerSecond)) ?? 0 }
    var batch: Double { median(rounds.map(\.batch)) ?? 0 }
    var serverBusy: Double? { median(rounds.compactMap(\.serverBusy)) }
    var generatorBusy: Double { median(rounds.map(\.generatorBusy)) ?? 0 }

    var latency: Histogram {
      var sum = Histogram()
      for round in rounds { sum.add(round.latency) }
      return sum
    }

    /// What most rounds say; "mixed" when no one answer has more than half of them.
    var bottleneck: String {
      let named = rounds.map(\.bottleneck.rawValue)
      return named.first { name in named.filter { $0 == name }.count * 2 > named.count } ?? "mixed"
    }
  }

  struct Memory: Sendable {
    var server: String
    var idle: IdleMemory
  }

  var rows: [Row] = []
  var plugins: [PluginCost] = []
  var hooks: [HookCost] = []
  var memory: [Memory] = []
  var reload: ReloadLoad?
  /// What the reader must know to judge the figures.
  var notes: [String] = []

  var markdown: String {
    var blocks: [[String]] = []
    if !rows.isEmpty { blocks.append(table(Self.header, rows.map(Self.cells))) }
    if !plugins.isEmpty { blocks.append(table(PluginCost.header, plugins.map(\.cells))) }
    if !hooks.isEmpty { blocks.append(table(HookCost.header, hooks.map(\.cells))) }
    if !memory.isEmpty { blocks.append(table(Self.memoryHeader, memory.map(Self.cells))) }
    if let reload {
      blocks.append(table(ReloadLoad.header, [reload.cells]))
      blocks.append(table(ReloadLoad.durationHeader, reload.durationRows))
    }
    if !notes.isEmpty { blocks.append(notes.map { "- \($0)" }) }
    return blocks.map { $0.joined(separator: "\n") }.joined(separator: "\n\n")
  }

  private static let header = [
    "workload", "server", "CPU us/msg", "vs floor", "msgs/s", "batch", "p50", "p99", "p99.9",
    "server core busy", "generator busy", "bottleneck",
  ]
  private static let memoryHeader = [
    "idle members", "server", "joined", "dropped", "RSS before MiB", "RSS after MiB", "bytes/member",
  ]

  private static func cells(_ row: Row) -> [String] {
    let latency = row.latency
    return [
      row.workload, row.server, row.serverMicroseconds.map { fixed($0, 3) } ?? "-",
      row.floorRatio.map { fixed($0, 2) } ?? "-", fixed(row.messagesPerSecond, 0), fixed(row.batch, 1),
      duration(latency.percentile(50)), duration(latency.percentile(99)), duration(latency.percentile(99.9)),
      row.serverBusy.map(percent) ?? "-", percent(row.generatorBusy), row.bottleneck,
    ]
  }

  private static func cells(_ row: Memory) -> [String] {
    let idle = row.idle
    return [
      "\(idle.connections)", row.server, "\(idle.joined)", "\(idle.dropped)",
      fixed(Double(idle.residentBytesBefore) / 1_048_576, 1),
      fixed(Double(idle.residentBytesAfter) / 1_048_576, 1), fixed(idle.bytesPerMember, 0),
    ]
  }
}
