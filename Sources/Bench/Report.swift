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
  var memory: [Memory] = []
  /// What the reader must know to judge the figures.
  var notes: [String] = []

  var markdown: String {
    var lines: [String] = []
    if !rows.isEmpty {
      lines += table(
        [
          "workload", "server", "CPU us/msg", "vs floor", "msgs/s", "batch", "p50", "p99", "p99.9",
          "server core busy", "generator busy", "bottleneck",
        ], rows.map(Self.cells))
    }
    if !memory.isEmpty {
      if !lines.isEmpty { lines.append("") }
      lines += table(
        ["idle members", "server", "joined", "dropped", "RSS before MiB", "RSS after MiB", "bytes/member"],
        memory.map { row in
          let idle = row.idle
          return [
            "\(idle.connections)", row.server, "\(idle.joined)", "\(idle.dropped)",
            fixed(Double(idle.residentBytesBefore) / 1_048_576, 1),
            fixed(Double(idle.residentBytesAfter) / 1_048_576, 1), fixed(idle.bytesPerMember, 0),
          ]
        })
    }
    if !notes.isEmpty { lines += [""] + notes.map { "- \($0)" } }
    return lines.joined(separator: "\n")
  }

  private static func cells(_ row: Row) -> [String] {
    let latency = row.latency
    return [
      row.workload, row.server, row.serverMicroseconds.map { fixed($0, 3) } ?? "-",
      row.floorRatio.map { fixed($0, 2) } ?? "-", fixed(row.messagesPerSecond, 0), fixed(row.batch, 1),
      duration(latency.percentile(50)), duration(latency.percentile(99)), duration(latency.percentile(99.9)),
      row.serverBusy.map(percent) ?? "-", percent(row.generatorBusy), row.bottleneck,
    ]
  }

  /// The same as one JSON object; durations in microseconds.
  var json: String {
    let rowTexts = rows.map { row in
      let latency = row.latency
      return jsonObject([
        ("workload", quoted(row.workload)), ("server", quoted(row.server)),
        ("cpu_us_per_message", row.serverMicroseconds.map { fixed($0, 4) }),
        ("vs_floor", row.floorRatio.map { fixed($0, 4) }),
        ("messages_per_second", fixed(row.messagesPerSecond, 0)), ("batch", fixed(row.batch, 2)),
        ("p50_us", fixed(Double(latency.percentile(50)) / 1e3, 1)),
        ("p99_us", fixed(Double(latency.percentile(99)) / 1e3, 1)),
        ("p999_us", fixed(Double(latency.percentile(99.9)) / 1e3, 1)),
        ("server_busy", row.serverBusy.map { fixed($0, 3) }), ("generator_busy", fixed(row.generatorBusy, 3)),
        ("bottleneck", quoted(row.bottleneck)), ("rounds", "\(row.rounds.count)"),
      ])
    }
    let memoryTexts = memory.map { row in
      jsonObject([
        ("server", quoted(row.server)), ("connections", "\(row.idle.connections)"), ("joined", "\(row.idle.joined)"),
        ("dropped", "\(row.idle.dropped)"), ("resident_bytes_before", "\(row.idle.residentBytesBefore)"),
        ("resident_bytes_after", "\(row.idle.residentBytesAfter)"),
        ("bytes_per_member", fixed(row.idle.bytesPerMember, 0)),
      ])
    }
    return jsonObject([
      ("rows", "[\(rowTexts.joined(separator: ","))]"), ("idle_memory", "[\(memoryTexts.joined(separator: ","))]"),
      ("notes", "[\(notes.map(quoted).joined(separator: ","))]"),
    ])
  }
}

/// The middle value, or the mean of the two middle ones; nil of nothing.
func median(_ values: [Double]) -> Double? {
  guard !values.isEmpty else { return nil }
  let sorted = values.sorted()
  let middle = sorted.count / 2
  return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
