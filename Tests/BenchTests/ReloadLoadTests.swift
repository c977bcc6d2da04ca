import Glibc
import Testing

@testable import Bench

/// What the reload part counts, and that it counts what goes wrong.
@Suite struct ReloadLoadTests {
  @Test func aSuccessionTellsWhatIsMissing() {
    var numbers = Succession()
    for number: UInt32 in [0, 1, 4, 2, 2, 1] { numbers.take(number) }
    #expect(numbers.received == 6 && numbers.reordered == 1 && numbers.duplicated == 2)
    #expect(numbers.lost(of: 5) == 1)
    #expect(numbers.lost(of: 7) == 3)
    #expect(Succession().lost(of: 0) == 0)
  }

  @Test func aStampIsReadAsItWasWritten() {
    let stamp = Stamp(sender: 9999, number: 0xFFFF_FFFF, nanoseconds: 0x0123_4567_89AB_CDEF)
    #expect(stamp.text.count == Stamp.textBytes)
    #expect(Stamp(in: Array(#"{"data":""#.utf8) + stamp.text + [34]) == stamp)
    #expect(Stamp(in: stamp.text.dropLast()) == nil)
    #expect(Stamp(in: Array("@".utf8) + Array(repeating: UInt8(ascii: "g"), count: 32)) == nil)
    #expect(Stamp(in: []) == nil)
  }

  @Test func aMessageCountsInEachWindowOfItsWay() {
    var windows = PauseWindows(start: 1000, nanosecondsEach: 100, count: 4)
    windows.note(from: 900, to: 950)
    windows.note(from: 990, to: 1010)
    windows.note(from: 1150, to: 1250)
    windows.note(from: 1390, to: 1500)
    windows.disturb(from: 1199, to: 1200)
    let (with, without) = (windows.longest(disturbed: true), windows.longest(disturbed: false))
    #expect(with.total == 2 && with.percentile(0) == 100 && with.maximum == 100)
    #expect(without.total == 2 && without.percentile(0) == 20 && without.maximum == 110)
  }

  @Test func aVersionMarksWhatItPassesOn() throws {
    let versions = try ScriptFolder.versions(of: #"a(b, "data", json.text) c"#)
    #expect(versions == [#"a(b, "data", json.text, "version", 1) c"#, #"a(b, "data", json.text, "version", 2) c"#])
    #expect(throws: BenchError.self) { try ScriptFolder.versions(of: "another") }
    for (text, version) in [(#"{"a":0,"version":1}"#, 0), (#"{"version":2}"#, 1)] {
      #expect(ScriptFolder.version(in: Array(text.utf8)) == version)
    }
    for text in ["", "}", #"{"a":1}"#, #"{"version":3}"#, #"{"version":0}"#, #"{"version":1,"a":1}"#] {
      #expect(ScriptFolder.version(in: Array(text.utf8)) == nil, "\(text)")
    }
  }

  /// A socket and the other end of it, at which the test plays the server.
  private func sockets() -> (own: Int32, servers: Int32) {
    var both: [Int32] = [0, 0]
    socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &both)
    _ = fcntl(both[0], F_SETFL, O_NONBLOCK)
    return (both[0], both[1])
  }

  @Test func whatGoesWrongIsCounted() throws {
    let (ana, bob) = (sockets(), sockets())
    let text = #"{"data":"\#(String(repeating: "x", count: 40))"}"#
    let seats = [(ana, 1), (bob, 0)].map { ends, partner in
      Seat(descriptor: ends.own, partner: partner, sends: text, expects: Expectation(text: text))
    }
    let windows = PauseWindows(start: 0, nanosecondsEach: 1, count: 0)
    var traffic = try NumberedTraffic(seats, messagesPerSecond: 1000, windows: windows)
    while traffic.sent < 8 { try traffic.turn() }
    let sent = traffic.sent
    traffic.settled = (0, 50)

    func say(_ number: UInt32, version: Int, at time: UInt64) {
      let stamp = Stamp(sender: 0, number: number, nanoseconds: time).text
      let payload = Array(#"{"data":""#.utf8) + stamp + Array(#"","version":\#(version)}"#.utf8)
      let frame = [0x81, UInt8(payload.count)] + payload
      #expect(write(bob.servers, frame, frame.count) == frame.count)
    }
    say(0, version: 2, at: 49)
    say(2, version: 1, at: 50)
    say(1, version: 1, at: 50)
    say(1, version: 2, at: 51)
    close(ana.servers)
    try traffic.drain(seconds: 1)
    #expect(traffic.received == 4 && traffic.duplicated == 1 && traffic.reordered == 1)
    #expect(traffic.byVersion == [2, 2] && traffic.misversioned == 1)
    #expect(traffic.connectionsLost == 1)
    #expect(traffic.lost == sent - 3)
    close(bob.servers)
  }

  private func load(lost: Int) -> ReloadLoad {
    var ways = Histogram()
    ways.record(2_000_000)
    return ReloadLoad(
      peers: 10, seconds: 2, sent: 40, received: 40 - lost, lost: lost, duplicated: 0, reordered: 0,
      connectionsLost: 0, misversioned: 0, byVersion: [20, 20 - lost], reloads: 20, reloadsOfWatch: 2,
      reloadsFailed: 0, server: CoreUse(busy: 0.25, waiting: 0), generator: CoreUse(busy: 0.5, waiting: 0.1),
      durations: [.init(name: "any message's way", key: "way", nanoseconds: ways)])
  }

  @Test func theReportSaysWhetherAllIsWell() {
    #expect(load(lost: 0).isSound && !load(lost: 1).isSound)
    var report = Report()
    report.reload = load(lost: 1)
    #expect(ReloadLoad.header.count == load(lost: 0).cells.count)
    #expect(report.markdown.contains("| any message's way | 1      | 2.00 ms | 2.00 ms | 2.00 ms |"))
    #expect(load(lost: 0).cells.suffix(2) == ["25 %, 0 %", "50 %, 10 %"])
    #expect(report.json.contains(#""lost":1,"duplicated":0,"#))
    #expect(report.json.contains(#""way":{"number":1,"p50_us":2000.0,"p99_us":2000.0,"max_us":2000.0}"#))
  }
}
