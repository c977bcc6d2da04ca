extension Report {
  /// The same as one JSON object; durations in the unit that their names end in.
  var json: String {
    jsonObject([
      ("rows", Self.list(rows.map(Self.json))), ("plugins", Self.list(plugins.map(\.json))),
      ("hooks", Self.list(hooks.map(\.json))), ("idle_memory", Self.list(memory.map(Self.json))),
      ("reload", reload?.json),
      ("notes", Self.list(notes.map(quoted))),
    ])
  }

  private static func list(_ values: [String]) -> String { "[\(values.joined(separator: ","))]" }

  private static func json(_ row: Row) -> String {
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

  private static func json(_ row: Memory) -> String {
    jsonObject([
      ("server", quoted(row.server)), ("connections", "\(row.idle.connections)"), ("joined", "\(row.idle.joined)"),
      ("dropped", "\(row.idle.dropped)"), ("resident_bytes_before", "\(row.idle.residentBytesBefore)"),
      ("resident_bytes_after", "\(row.idle.residentBytesAfter)"),
      ("bytes_per_member", fixed(row.idle.bytesPerMember, 0)),
    ])
  }
}
