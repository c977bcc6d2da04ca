import Reactor
import Testing

@testable import Relay

@Suite struct LogTests {
  /// What a log has written, at a time that the test sets.
  private final class Recorder {
    var lines: [String] = []
    var now: Int64 = 1_700_000_000
    /// Bytes of each line that fit on the disk.
    var room = Int.max

    func log(_ level: Log.Level = .info, _ format: Log.Format = .text) -> Log {
      Log(
        level: level, format: format, wallSeconds: { self.now },
        write: { line in
          let written = String(decoding: line.utf8.prefix(self.room), as: UTF8.self)
          if !written.isEmpty { self.lines.append(written) }
          return written.utf8.count
        })
    }
  }

  @Test func aLineHasTimeLevelAndText() {
    let recorder = Recorder()
    recorder.log().warning("the port is busy")
    #expect(recorder.lines == ["2023-11-14T22:13:20Z warning the port is busy\n"])
  }

  @Test func levelsBelowTheChosenOneAreLeftOut() {
    for (chosen, expected) in [(Log.Level.debug, 4), (.info, 3), (.warning, 2), (.error, 1)] {
      let recorder = Recorder()
      let log = recorder.log(chosen)
      for level in Log.Level.allCases { log.line(level, "x") }
      #expect(recorder.lines.count == expected)
    }
    #expect(Log.Level("warning") == .warning)
    #expect(Log.Level("warn") == nil)
  }

  @Test func beyondItsLinesASecondIsCounted() {
    let recorder = Recorder()
    let log = recorder.log()
    for number in 0..<120 { log.info("line \(number)") }
    #expect(recorder.lines.count == 50)
    recorder.now += 1
    log.info("later")
    let expected = ["2023-11-14T22:13:20Z warning 70 further lines left out\n", "2023-11-14T22:13:21Z info later\n"]
    #expect(Array(recorder.lines.dropFirst(50)) == expected)
    recorder.now += 1
    log.info("later still")
    #expect(recorder.lines.count == 53)
  }

  @Test func manyWarningsHideNoError() {
    let recorder = Recorder()
    let log = recorder.log()
    for _ in 0..<1000 { log.warning("turned away") }
    log.error("the script failed")
    #expect(recorder.lines.last?.contains("error the script failed") == true)
  }

  /// As on a disk that is full for a while.
  @Test(arguments: [(0, ""), (5, "\n")])
  func whatCannotBeWrittenIsCounted(_ disk: (room: Int, end: String)) {
    let recorder = Recorder()
    let log = recorder.log()
    recorder.room = disk.room
    for number in 0..<3 { log.error("line \(number)") }
    recorder.room = .max
    let before = recorder.lines.count
    log.info("later")
    log.info("later still")
    #expect(
      Array(recorder.lines.dropFirst(before)) == [
        disk.end + "2023-11-14T22:13:20Z warning 3 lines before this one could not be written\n",
        "2023-11-14T22:13:20Z info later\n", "2023-11-14T22:13:20Z info later still\n",
      ])
  }

  @Test func longLinesAreCut() {
    let recorder = Recorder()
    let log = recorder.log()
    log.info(String(repeating: "ä", count: 10_000))
    #expect(recorder.lines[0].utf8.count < LogLine.textBytesMax + 100)
    #expect(recorder.lines[0].hasSuffix("ä … (20000 bytes)\n"))
    log.info(String(repeating: "x", count: LogLine.textBytesMax))
    #expect(recorder.lines[1].hasSuffix("xxx\n"))
  }

  @Test func textCannotForgeALineOrReachATerminal() {
    let recorder = Recorder()
    recorder.log().info("a\n2023-11-14T22:13:20Z error forged\r\u{1B}[31mred\u{7F}\u{9B}\tend")
    #expect(
      recorder.lines == [
        "2023-11-14T22:13:20Z info a\n    2023-11-14T22:13:20Z error forged??[31mred??\tend\n"
      ])
  }

  @Test func jsonEscapesWhatItMust() {
    let recorder = Recorder()
    recorder.log(.info, .json).error("a\"b\\c\nd\te\u{1}é")
    let expected = #"{"time":"2023-11-14T22:13:20Z","level":"error","message":"a\"b\\c\nd\te\u0001é"}"#
    #expect(recorder.lines == [expected + "\n"])
  }

  @Test func bytesOfAMinuteAreBounded() {
    let recorder = Recorder()
    let log = recorder.log()
    log.limit(linesPerSecond: 0, bytesPerMinute: 1000)
    for _ in 0..<10 {
      for _ in 0..<20 { log.warning("turned away") }
      log.error("the script failed")
      recorder.now += 1
    }
    let warnings = recorder.lines.filter { $0.contains("turned away") }
    #expect(warnings.reduce(0) { $0 + $1.utf8.count } <= 1000 && warnings.count > 20)
    #expect(recorder.lines.filter { $0.contains("error the script failed") }.count == 10)
    #expect(recorder.lines.contains { $0.hasSuffix("warning 20 further lines left out\n") })
    recorder.now += 60
    log.warning("turned away in the next minute")
    #expect(recorder.lines.last?.contains("in the next minute") == true)
  }

  @Test(arguments: [
    (LoggedAddresses.full, Optional("203.0.113.7"), Optional("2001:db8:1:2::3")),
    (.network, Optional("203.0.113.0"), Optional("2001:db8:1::")),
    (.none, String?.none, String?.none),
  ])
  func addressesAreShownAsAsked(_ wanted: (how: LoggedAddresses, ipv4: String?, ipv6: String?)) throws {
    let ipv4 = try #require(HostAddress(parsing: "203.0.113.7"))
    let ipv6 = try #require(HostAddress(parsing: "2001:db8:1:2::3"))
    #expect(wanted.how.shown(ipv4) == wanted.ipv4)
    #expect(wanted.how.shown(ipv6) == wanted.ipv6)
  }

  @Test func aLineSaysWhomItIsAbout() throws {
    let recorder = Recorder()
    let address = try #require(HostAddress(parsing: "203.0.113.7"))
    let log = recorder.log()
    log.warning("too big", about: LogSubject(connection: "17.3", address: address, mount: "/chess\u{1B}[2J"))
    log.format = .json
    log.addresses = .none
    log.warning("too big", about: LogSubject(connection: "17.3", address: address, mount: "/chess"))
    #expect(
      recorder.lines == [
        "2023-11-14T22:13:20Z warning too big (connection 17.3, address 203.0.113.7, mount /chess?[2J)\n",
        #"{"time":"2023-11-14T22:13:20Z","level":"warning","message":"too big","connection":"17.3","mount":"/chess"}"#
          + "\n",
      ])
  }

  @Test func nothingDeceivesATerminal() {
    let recorder = Recorder()
    let log = recorder.log()
    let text = "a\u{1b}\u{7f}\u{9b}\u{202e}\u{2028}\u{2066}\u{61c}é\tz"
    log.warning(text)
    log.format = .json
    log.warning(text)
    #expect(
      recorder.lines == [
        "2023-11-14T22:13:20Z warning a???????é\tz\n",
        #"{"time":"2023-11-14T22:13:20Z","level":"warning","message":"a\u001b\u007f\u009b\u202e\u2028\u2066\u061cé\tz"}"#
          + "\n",
      ])
  }

  @Test func debugLinesCostNothingWhileTheLevelIsAbove() {
    let recorder = Recorder()
    let log = recorder.log()
    var asked = 0
    func text() -> String {
      asked += 1
      return "opened"
    }
    log.debug(text(), about: nil)
    #expect(asked == 0 && recorder.lines.isEmpty)
    log.level = .debug
    log.debug(text(), about: nil)
    #expect(recorder.lines == ["2023-11-14T22:13:20Z debug opened\n"])
  }
}
