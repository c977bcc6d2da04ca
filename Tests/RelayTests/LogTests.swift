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
    #expect(recorder.lines.count == Log.linesPerSecond)
    recorder.now += 1
    log.info("later")
    let expected = ["2023-11-14T22:13:20Z warning 70 further lines left out\n", "2023-11-14T22:13:21Z info later\n"]
    #expect(Array(recorder.lines.dropFirst(Log.linesPerSecond)) == expected)
    recorder.now += 1
    log.info("later still")
    #expect(recorder.lines.count == Log.linesPerSecond + 3)
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
    #expect(recorder.lines[0].utf8.count < Log.lineBytesMax + 100)
    #expect(recorder.lines[0].hasSuffix("ä … (20000 bytes)\n"))
    log.info(String(repeating: "x", count: Log.lineBytesMax))
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
}
