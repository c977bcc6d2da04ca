import Glibc
import Policy
import Testing

@testable import Recording

/// The same script differs in nothing; another one in what it does otherwise.
struct ReplayTests {
  private func replay(
    _ source: String, _ text: String, older: String? = nil
  ) throws -> (differences: [Difference], summary: Replay.Summary) {
    let recording = try Recording(path: "r", Array(text.utf8)) { _ in older.map { Array($0.utf8) } }
    let replay = try Replay(recording, mount: "test") { try Scenario.load(source, $0) }
    var differences: [Difference] = []
    let summary = try replay.run { differences.append($0) }
    return (differences, summary)
  }

  private func changed(_ old: String, _ new: String) -> String {
    let source = Scenario.source.replacing(old, with: new)
    precondition(source != Scenario.source)
    return source
  }

  @Test func theSameScriptDiffersInNothing() throws {
    let (differences, summary) = try replay(Scenario.source, Scenario().recorded())
    #expect(differences.map(\.lines) == [])
    #expect(summary == Replay.Summary(events: 12, differences: 0, leftOut: 0, connections: 2, compared: 12))
  }

  @Test func whatIsSaidOtherwiseIsShown() throws {
    let (differences, _) = try replay(changed(#"send("bye")"#, #"send("farewell")"#), Scenario().recorded())
    #expect(
      differences.map(\.lines) == [
        [
          "r:12: event 11, 0.040 s: peer 2 leaves", #"  peer 1  then  text "bye""#, #"          now   text "farewell""#,
        ]
      ])
  }

  @Test func valuesThatDifferAreNamed() throws {
    let (differences, _) = try replay(changed("at = relay.now()", "at = 1"), Scenario().recorded())
    #expect(differences.count == 2)
    #expect(differences.first?.details.last?.hasPrefix("  differs  .at: then 17000000") == true)
  }

  @Test func oneDrawMoreChangesNoLaterIds() throws {
    let more = changed("message:forward", "local _ = random.integer(1, 9) message:forward")
    let (differences, _) = try replay(more, Scenario().recorded())
    // Each of the two messages that are passed on gets another text, and nothing else does.
    #expect(differences.map(\.number) == [7, 8])
  }

  @Test func aHandshakeThatIsRefusedNowLeavesItsConnectionOut() throws {
    let strict = changed(#"== "wrong""#, #"~= "right""#)
    let (differences, summary) = try replay(strict, Scenario().recorded())
    #expect(differences.first?.details == ["handshake  then  accepted", #"           now   refused 403 "No""#])
    #expect(summary.connections == 0)
    #expect(summary.leftOut == 6)
  }

  @Test func timersThatRunAtAnotherTimeAreShownTwice() throws {
    let (differences, _) = try replay(changed("after(5,", "after(0.015,"), Scenario().recorded())
    // Ana's and Bob's are due earlier; then neither hears what they heard afterwards.
    #expect(differences.first?.event == "before it a timer runs")
    #expect(differences.first?.milliseconds == 25)
    #expect(differences.first?.details.contains(#"        now   closed 4001 "Too long""#) == true)
  }

  @Test func hooksThatFailNowAreShown() throws {
    let (differences, _) = try replay(changed(#"other:send("bye")"#, "other:send(nil)"), Scenario().recorded())
    #expect(differences.count == 1)
    let details = differences.first?.details ?? []
    #expect(details.first == "policy  then  all is well")
    #expect(details.dropFirst().first?.hasPrefix("        now   on_disconnect failed: ") == true)
  }

  @Test func timersThatNeverRestEndTheReplay() throws {
    let source = changed(#"peer:close(4001, "Too long")"#, #"peer:after(0.001, "nap")"#)
    let text = try Scenario().recorded()
    let late = #"{"at":9000000000,"time":1,"mount":"test","event":"departures"}"# + "\n"
    do {
      _ = try replay(source, text + late)
      Issue.record("it has ended")
    } catch let error as RecordingError {
      #expect(error.message == "r:14: the timers of this policy never rest")
    }
  }

  @Test func aFullFileBecomesTheOlderOne() throws {
    let path = "/tmp/lobbyist-rotation-\(getpid())"
    defer {
      unlink(path)
      unlink(path + ".1")
    }
    let scenario = Scenario()
    let newest = try scenario.recorded(bytesMax: 4096, rounds: 3, at: path, keeps: true)
    let older = scenario.read(path + ".1")
    #expect(older.utf8.count <= 4096 && newest.utf8.count <= 4096)
    #expect(!newest.contains(#""generation":0"#) && older.hasSuffix("\n"))
    let (_, summary) = try replay(Scenario.source, newest, older: older)
    #expect(summary.events == newest.split(separator: "\n").count + older.split(separator: "\n").count - 2)
  }

  @Test func filesAreForTheirOwnerOnlyAndNothingElseIsTakenForOne() throws {
    let path = "/tmp/lobbyist-mode-\(getpid())"
    defer {
      unlink(path)
      unlink(path + ".1")
    }
    let file = try RecordFile(path, bytesMax: 4096)
    try file.append(line: [])
    var status = stat()
    stat(path, &status)
    #expect(status.st_mode & 0o777 == 0o600)
    #expect(throws: RecordingError("/dev/null is no file")) { try RecordFile("/dev/null", bytesMax: 4096) }
    #expect(throws: RecordingError("cannot write /nowhere/x: No such file or directory")) {
      try RecordFile("/nowhere/x", bytesMax: 4096)
    }
  }
}
