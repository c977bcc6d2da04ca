import Testing

@testable import Bench

@Suite struct ReportTests {
  private func measurement(server: UInt64?, generator: UInt64) -> Measurement {
    var latency = Histogram()
    latency.record(25_000, times: 100)
    return Measurement(
      messages: 200_000, reads: 100_000, wallNanoseconds: 1_000_000_000, serverNanoseconds: server,
      generatorNanoseconds: generator, latency: latency)
  }

  @Test func aMeasurementSaysWhoWasBusy() {
    let full = measurement(server: 960_000_000, generator: 970_000_000)
    #expect(full.bottleneck == .server)
    #expect(full.serverMicroseconds == 4.8)
    #expect(full.messagesPerSecond == 200_000)
    #expect(full.batch == 2)
    #expect(measurement(server: 500_000_000, generator: 970_000_000).bottleneck == .generator)
    #expect(measurement(server: 500_000_000, generator: 500_000_000).bottleneck == .neither)
    #expect(measurement(server: nil, generator: 970_000_000).bottleneck == .unknown)
    #expect(measurement(server: nil, generator: 1).serverMicroseconds == nil)
  }

  private var report: Report {
    let slow = measurement(server: 960_000_000, generator: 600_000_000)
    let slower = measurement(server: 1_000_000_000, generator: 600_000_000)
    var report = Report()
    report.rows = [
      Report.Row(
        workload: "200 B, 1 in flight", server: "relay", rounds: [slower, slow, slow], floorRatios: [1.2, 1.1, 1.3])
    ]
    report.memory = [
      Report.Memory(
        server: "relay",
        idle: IdleMemory(
          connections: 1000, joined: 1000, dropped: 0, residentBytesBefore: 1_048_576,
          residentBytesAfter: 2_097_152))
    ]
    report.plugins = [
      PluginCost(
        workload: "200 B, 16 in flight", plugins: ["a", "b"], without: [1.0, 1.5, 1.2], with: [2.0, 2.3, 2.3])
    ]
    report.hooks = [
      HookCost(policy: "godot", bytes: 200, nanoseconds: [700, 800], without: [700, 800]),
      HookCost(policy: "godot", bytes: 200, plugins: ["a"], nanoseconds: [1000, 1200], without: [700, 800]),
    ]
    report.notes = ["One \"note\"."]
    return report
  }

  @Test func theTableLinesUp() {
    let lines = report.markdown.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    #expect(Set(lines[0...2].map(\.count)).count == 1)
    let cells = lines[2].split(separator: "|").map { cell in
      String(cell.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
    #expect(
      cells == [
        "200 B, 1 in flight", "relay", "4.800", "1.20", "200000", "2.0", "25.0 us", "25.0 us", "25.0 us", "96 %",
        "60 %",
        "server",
      ])
    #expect(lines.last == "- One \"note\".")
    #expect(report.markdown.contains("1.0 |           2.0 |         1049 |"))
  }

  /// Per round the two plugins cost 1.0, 0.8 and 1.1 us together: the difference of medians would say otherwise.
  @Test func pluginsAreComparedRoundByRound() {
    #expect(report.plugins[0].cells[2...] == ["1.200", "2.300", "0.500 (0.450 to 0.525)", "3"])
    #expect(report.hooks[0].cells == ["godot, 200 B", "none", "750 (725 to 775)", "", "2"])
    #expect(report.hooks[1].cells[1...] == ["a", "1100 (1050 to 1150)", "350 (325 to 375)", "2"])
    #expect(PluginCost.header.count == report.plugins[0].cells.count)
    #expect(HookCost.header.count == report.hooks[0].cells.count)
  }

  @Test func aSpreadIsTheMiddleHalf() {
    #expect(Spread([]) == nil)
    #expect(Spread([5, 1, 3, 2, 4]).map { [$0.low, $0.median, $0.high] } == [2, 3, 4])
    #expect(Spread([2, 1]).map { [$0.low, $0.median, $0.high] } == [1.25, 1.5, 1.75])
  }

  @Test func theJSONHoldsTheSame() {
    let text = report.json
    #expect(text.hasPrefix(#"{"rows":[{"workload":"200 B, 1 in flight","server":"relay","cpu_us_per_message":4.8000,"#))
    #expect(text.contains(#""vs_floor":1.2000,"messages_per_second":200000,"batch":2.00,"p50_us":25.0,"#))
    #expect(text.contains(#""us_per_plugin_quartiles":[0.4500,0.5000,0.5250],"rounds":3"#))
    #expect(text.contains(#""ns_of_last_plugin_quartiles":[325.0,350.0,375.0],"rounds":2"#))
    #expect(text.contains(#""bytes_per_member":1049"#))
    #expect(text.hasSuffix(#""notes":["One \"note\"."]}"#))
  }

  @Test func numbersAreWrittenInFixedPoint() {
    #expect(fixed(1.005, 1) == "1.0")
    #expect(fixed(0.0349, 3) == "0.035")
    #expect(fixed(12.5, 0) == "13")
    #expect(fixed(-0.04, 1) == "0.0")
    #expect(fixed(-1.25, 1) == "-1.3")
    #expect(fixed(.infinity, 1) == "-")
    #expect(duration(999) == "999 ns")
    #expect(duration(1500) == "1.5 us")
    #expect(duration(2_340_000) == "2.34 ms")
    #expect(median([3, 1, 2]) == 2)
    #expect(median([4, 1]) == 2.5)
    #expect(median([]) == nil)
  }
}
