import Lobby
import Testing

@testable import Policy

/// What a mount knows of its hooks: how often each script's has run, for how long, and why it failed.
@Suite struct HookTimesTests {
  private func record(_ service: Service, _ hook: String, of script: String) -> HookRecord? {
    guard let number = HookTimes.hooks.firstIndex(of: hook) else { return nil }
    return service.mount.hookTimes.rows.first { $0.script == script }?.records[number]
  }

  private static let policy = """
    local policy = { timers = {} }
    function policy.on_connect(peer) peer:after(1, "late") end
    function policy.on_message(peer, message)
      if message:text() == "fail" then error("on purpose") end
      if message:text() == "spin" then while true do end end
    end
    function policy.on_disconnect() end
    function policy.timers.late() end
    return policy
    """

  private static let plugin = """
    local plugin = {}
    function plugin.on_message(_, message) return message:text() == "mine" end
    function plugin.on_connect() local sum = 0 for i = 1, 200000 do sum = sum + i end end
    return plugin
    """

  @Test func eachScriptHasItsOwn() throws {
    let service = try Service(Self.policy, plugins: [("slow", Self.plugin)])
    let client = service.connect()
    #expect(record(service, "on_connect", of: "slow")?.durations.count == 1)
    #expect(record(service, "on_connect", of: "test")?.durations.count == 1)
    let slow = try #require(record(service, "on_connect", of: "slow")).durations.sumNanoseconds
    #expect(slow > 100_000, "the plugin counts to 200,000, which nobody does in a tenth of a millisecond")
    #expect(record(service, "on_disconnect", of: "test") == nil)
    service.advance(to: 2500)
    #expect(record(service, "timer", of: "test")?.durations.count == 1)
    service.leave(client)
    #expect(record(service, "on_disconnect", of: "test")?.durations.count == 1)
    #expect(record(service, "on_disconnect", of: "slow") == nil)
  }

  @Test func eachSixteenthMessageIsTimed() throws {
    let service = try Service(Self.policy, plugins: [("slow", Self.plugin)])
    let client = service.connect()
    for _ in 0..<160 { service.send(client, "hello") }
    #expect(record(service, "on_message", of: "test")?.durations.count == 10)
    for _ in 0..<160 { service.send(client, "mine") }
    #expect(record(service, "on_message", of: "slow")?.durations.count == 20)
    #expect(record(service, "on_message", of: "test")?.durations.count == 10, "the plugin has dealt with those")
  }

  @Test func failuresAreToldByCause() throws {
    let service = try Service(Self.policy, plugins: [("slow", Self.plugin)]) {
      $0.hookInstructions = 1_000_000
      $0.breakerFailures = 0
    }
    let client = service.connect()
    for text in ["fail", "spin", "fail", "hello"] { service.send(client, text) }
    // In the order of the causes: raised, instructions, time, memory.
    #expect(record(service, "on_message", of: "test")?.failures == [2, 1, 0, 0])
    #expect(record(service, "on_message", of: "slow")?.failures ?? [] == [])
    #expect(service.mount.counters.hookFailures == 3)
  }

  @Test func aReloadGoesOnCounting() throws {
    let service = try Service(Self.policy)
    _ = service.connect()
    let again = Self.policy + "\n-- another version"
    try service.mount.reload(
      Scripts(policy: Script(path: "elsewhere/test.lua", source: Array(again.utf8))), settings: [])
    _ = service.connect()
    #expect(record(service, "on_connect", of: "test")?.durations.count == 2)
    #expect(service.mount.hookTimes.rows.count == 1)
  }

  @Test func leavesAreCountedByCode() throws {
    let service = try Service.onMessage("peer:close(4001, 'bye')")
    let clients = (0..<3).map { _ in service.connect() }
    service.send(clients[0], "hello")
    service.leave(clients[0])
    service.mount.disconnect(clients[1].peer, outlet: clients[1].outlet, code: 1006, reason: "")
    service.mount.disconnect(clients[2].peer, outlet: clients[2].outlet, code: 3500, reason: "")
    let counts = service.mount.counters.closes.counts
    let told = zip(CloseCounts.names, counts).filter { $0.1 > 0 }.map { "\($0.0) \($0.1)" }
    #expect(told == ["1006 1", "3xxx 1", "4xxx 1"])
  }
}

@Suite struct DurationHistogramTests {
  @Test func whatIsNotedFallsIntoItsBucket() {
    var durations = DurationHistogram()
    for nanoseconds: UInt64 in [0, 1000, 1001, 2000, 999_999_999, 1_000_000_000, 1_000_000_001, 5_000_000_000] {
      durations.note(nanoseconds: nanoseconds)
    }
    #expect(DurationHistogram.bounds.count == 19)
    #expect(DurationHistogram.bounds == DurationHistogram.bounds.sorted())
    #expect(durations.counts.first == 2 && durations.counts[1] == 2)
    #expect(durations.counts[18] == 2 && durations.counts[19] == 2)
    #expect(durations.count == 8 && durations.counts.reduce(0, +) == 8)
    #expect(durations.mostNanoseconds == 5_000_000_000)
  }

  @Test func quantilesAreBoundsOfBuckets() {
    var durations = DurationHistogram()
    #expect(durations.quantile(0.5) == 0)
    for _ in 0..<98 { durations.note(nanoseconds: 3000) }
    for _ in 0..<2 { durations.note(nanoseconds: 700_000) }
    #expect(durations.quantile(0.5) == 5000)
    #expect(durations.quantile(0.98) == 5000)
    #expect(durations.quantile(0.99) == 700_000, "no more than the most there was")
    #expect(durations.quantile(1) == 700_000)
  }
}
