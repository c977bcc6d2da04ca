import HTTP
import Testing

@testable import Conversation

@Suite struct RunnerTests {
  @Test func theStageIsAskedWhatIsWritten() throws {
    let stage = FakeStage()
    let told = try failure(
      """
      Ana connects to "/room?x=1" with header "Origin: http://x" with subprotocol "chat" with subprotocol "b"
      Ana >> {"n" : [1.50, "a"]}
      Ana << {"n" : [1.5, $letter]}
      Bob connects to /$letter with header "X-A: is $letter"
      Bob >> { "l":$letter }
      Bob << {"l":"a"}
      Bob >> text "l=$letter"
      Bob << text "l=a"
      Bob >> binary 00 ff
      Bob << binary 00ff
      Bob >> ping "hey"
      Bob << pong "hey"
      Bob >> pong
      Bob >> raw bytes 81 05
      Ana closes 1000 "bye $letter"
      Bob drops
      after 250ms
      after 2m
      POST /rooms/$letter with header "A: b" with body {"l": $letter}
      reply 200
      PUT /x with body text "plain $letter"
      reply 200
      """, on: stage)
    #expect(told == nil)
    let text = { (text: String) in "\(Sent.text(Array(text.utf8)))" }
    #expect(
      stage.asked == [
        "connect Ana /room?x=1 Origin=http://x [\"chat\", \"b\"]", "send Ana \(text("{\"n\" : [1.50, \"a\"]}"))",
        "connect Bob /a X-A=is a []", "send Bob \(text("{ \"l\":\"a\" }"))", "send Bob \(text("l=a"))",
        "send Bob \(Sent.binary([0, 255]))", "send Bob \(Sent.ping(Array("hey".utf8)))", "send Bob \(Sent.pong([]))",
        "send Bob \(Sent.raw([0x81, 5]))", "close Ana 1000 bye a", "drop Bob", "advance 250", "advance 120000",
        "POST /rooms/a A=b {\"l\": \"a\"}", "PUT /x plain a", "end",
      ])
  }

  @Test func theSceneIsWhatTheSetUpLinesSay() throws {
    let stage = FakeStage()
    let told = try failure(
      """
      set join_timeout = 2
      set motto = "hi"
      set join_timeout = 3
      limit message_bytes = 100
      Ana connects
      """, on: stage)
    #expect(told == nil)
    #expect(stage.scene.settings.map(\.name) == ["motto", "join_timeout"])
    #expect(stage.scene.settings.map(\.value) == [.string("hi"), .integer(3)])
    #expect(stage.scene.limits.map(\.value) == [100])
    #expect(stage.scene.policy == nil)
  }

  private static let long = String(repeating: "é", count: 40)

  /// Each stands after a first message `{"id":17,"x":"ab"}` that bound $id and $x.
  @Test(arguments: [
    ("Ana << {\"id\":1}", ["expected  {\"id\":1}", "heard     nothing  (Ana)"]),
    (
      "Ana >> {\"id\":1}\nAna << {\"id\":$id}",
      [
        "expected  {\"id\":$id}", "heard     {\"id\":1}  (Ana)", "where     $id = 17",
        "differs   .id: expected $id, which is 17, heard 1",
      ]
    ),
    (
      "Ana >> [{\"a\":1},{\"a\":9},{\"a\":2}]\nAna << [{\"a\":1},{\"a\":2}]",
      [
        "differs   the message: expected 2 elements, heard 3",
        "differs   [1]: expected no such element, heard {\"a\":9}",
      ]
    ),
    (
      "Ana >> {\"l\":[1,4]}\nAna << {\"l\":[1,2,$_,...]}",
      [
        "differs   .l: expected 3 elements or more, heard 2", "differs   .l[1]: expected 2, heard 4",
        "differs   .l[2]: expected an element, heard none",
      ]
    ),
    (
      "Ana >> {\"s\":\"\(RunnerTests.long)ab\"}\nAna << {\"s\":\"\(RunnerTests.long)cd\"}",
      [
        "differs   .s: expected …\"éééééééééécd\" at byte 80 of 82, heard …\"ééééééééééab\" at byte 80 of 82"
      ]
    ),
    (
      "Ana >> text \"\(RunnerTests.long)ab\"\nAna << text \"\(RunnerTests.long)\"",
      ["differs   expected …\"éééééééééé\", the end at byte 80, heard …\"ééééééééééab\" at byte 80 of 82"]
    ),
    ("Ana >> {\"id\":1}\nAna << {}", ["differs   .id: expected no such member, heard 1"]),
    (
      "Ana >> text \"hello\"\nAna << {}",
      ["heard     text \"hello\"  (Ana)", "differs   what was heard is not JSON: expected a JSON value, at byte 0"]
    ),
    ("Ana >> text \"a\\n\"\nAna << text \"a\"", ["expected  text \"a\"", "heard     text \"a\\n\"  (Ana)"]),
    ("Ana >> text \"a\"\nAna << binary 61", ["expected  binary 61", "heard     text \"a\"  (Ana)"]),
    ("Ana >> binary 61\nAna << text \"a\"", ["expected  text \"a\"", "heard     binary 61  (Ana)"]),
    ("Ana >> text \"xx\"\nAna << repeat 3 \"x\"", ["expected  3 times \"x\"", "heard     text \"xx\"  (Ana)"]),
    ("Ana >> ping \"a\"\nAna << pong \"b\"", ["expected  pong \"b\"", "heard     pong \"a\"  (Ana)"]),
    ("Ana >> 1\nAna is closed", ["expected  closed", "heard     text \"1\"  (Ana)"]),
    ("Ana is dropped", ["expected  dropped", "heard     nothing  (Ana)"]),
    ("Ana >> 1\nAna hears nothing", ["expected  nothing", "heard     text \"1\"  (Ana)"]),
    ("Ana >> 1", ["expected  nothing more at the end of the conversation", "heard     text \"1\"  (Ana)"]),
    ("Ana >> 1\nAna closes\nAna connects", ["expected  nothing more before connecting again"]),
    ("Ana has subprotocol \"chat\"", ["expected  what is written", "heard     opened  (Ana)"]),
    ("Ana >> $nobody", ["$nobody has no value: nothing was heard under this name before"]),
    ("expect $nobody in 1..2", ["$nobody has no value: nothing was heard under this name before"]),
    ("expect $id in 1..16", ["but       $id = 17"]),
    ("expect $x in 1..16", ["but       $x = \"ab\""]),
    ("expect $x matches [a-z]", ["but       $x = \"ab\""]),
    ("expect $x differs from $x", ["but       $x = \"ab\""]),
    ("reload nowhere.lua", ["no such file in the current folder or beside test.talk"]),
    ("GET /a\nreply 404", ["expected  404", "heard     200 {\"a\":1}"]),
    ("GET /a\nreply 200 {\"a\":2}", ["differs   .a: expected 2, heard 1"]),
    ("GET /a\nreply 200 contains \"b\"", ["expected  200 contains \"b\"", "heard     200 {\"a\":1}"]),
    ("GET /a\nreply 200 text \"b\"", ["expected  200 text \"b\""]),
    ("GET /a\nreply 200\nheader \"X: y\"", ["expected  header \"X: y\"", "heard     no such header"]),
    ("GET /a\nreply 200\nheader \"content-type: b\"", ["heard     text/plain"]),
    ("Ana closes\nAna connects with header \"a: $text\"", ["$text has no value"]),
  ])
  func failuresSayWhatWasExpectedAndHeard(_ steps: String, _ expected: [String]) throws {
    let stage = FakeStage()
    stage.reply.body = Array("{\"a\":1}".utf8)
    let start = "Ana connects\nAna >> {\"id\":17,\"x\":\"ab\"}\nAna << {\"id\":$id,\"x\":$x}\n"
    let told = try #require(try failure(start + steps, on: stage))
    #expect(told.place.line == 3 + steps.split(separator: "\n").count)
    for line in expected {
      #expect(told.details.contains { $0.hasPrefix(line) }, "\(told.details)")
    }
  }

  @Test(arguments: [
    "Ana << text \"hi\"\nAna is closed 4000 \"Lobby is sealed\"", "Ana << text \"hi\"\nAna is closed 4000",
    "Ana << text \"hi\"\nAna is closed", "Ana << text \"$word\"\nAna is closed 4000 \"$_ is sealed\"", "... and more",
  ])
  func closingPasses(_ steps: String) throws {
    let stage = FakeStage()
    stage.greeting["Ana"] = [.opened(subprotocol: "chat"), .text("hi"), .closed(4000, "Lobby is sealed")]
    #expect(try failure("Ana connects\nAna has subprotocol \"chat\"\n" + steps, on: stage) == nil)
  }

  @Test(arguments: [
    "Ana is closed 4001", "Ana is closed 4000 \"Lobby is seale\"", "Ana is closed 4000 \"\"",
    "Ana is closed without code", "Ana is dropped", "Ana hears nothing", "Ana << text \"\"", "after 1s",
  ])
  func closingFails(_ steps: String) throws {
    let stage = FakeStage()
    stage.greeting["Ana"] = [.opened(subprotocol: nil), .closed(4000, "Lobby is sealed")]
    let told = try #require(try failure("Ana connects\n" + steps, on: stage))
    #expect(told.details.contains("heard     closed 4000 \"Lobby is sealed\"  (Ana)"))
  }

  @Test func closingWithoutCodeAndDropping() throws {
    let stage = FakeStage()
    stage.later = [("Ana", .closed(code: nil, reason: [])), ("Bob", .dropped)]
    #expect(
      try failure(
        "Ana and Bob connect\nafter 1s\nAna is closed without code\nBob is dropped\nAna connects", on: stage) == nil)
  }

  @Test func refusalsAreExpectedOrNot() throws {
    let stage = FakeStage()
    stage.greeting["Ana"] = [.refused(status: 403, body: Array("No".utf8))]
    #expect(try failure("Ana connects\nAna is refused 403 \"No\"", on: stage) == nil)
    #expect(try failure("Ana and Bob connect\nAna is refused 403\nBob hears nothing", on: stage) == nil)
    #expect(try failure("Ana connects\nAna is refused 404", on: stage)?.place.line == 2)
    #expect(try failure("Ana connects\nAna is refused 403 \"Yes\"", on: stage)?.place.line == 2)
    let unexpected = try #require(try failure("Ana connects\nafter 1s", on: stage))
    #expect(unexpected.place.line == 1)
    #expect(unexpected.details.first == "expected  the connection to open")
    stage.greeting["Ana"] = nil
    #expect(try failure("Ana connects\nAna is refused 403", on: stage)?.place.line == 2)
  }

  @Test func peersAreIndependentAndEachIsInOrder() throws {
    let stage = FakeStage()
    stage.answers = [[("Ana", .text("1")), ("Bob", .text("1")), ("Ana", .text("2"))]]
    #expect(try failure("Ana and Bob connect\nAna >> 0\nBob << 1\nAna << 1\nAna << 2", on: stage) == nil)
    stage.answers = [[("Ana", .text("2")), ("Ana", .text("1"))]]
    #expect(try failure("Ana connects\nAna >> 0\nAna << 1\nAna << 2", on: stage)?.place.line == 3)
  }

  @Test func aFailedMatchBindsNothing() throws {
    let stage = FakeStage()
    stage.answers = [[("Ana", .text("[5,6]"))]]
    let told = try #require(try failure("Ana connects\nAna >> 0\nAna << [$a,7]", on: stage))
    #expect(!told.details.contains { $0.contains("where") })
  }

  @Test func contextTellsWhatLedThereAndWhatOthersHeard() throws {
    let stage = FakeStage()
    stage.answers = [[("Bob", .text("{\"to\":\"Bob\"}"))]]
    let told = try #require(try failure("Ana and Bob connect\nAna >> 0\nAna << 1", on: stage))
    #expect(
      told.context == ["1  Ana and Bob connect", "2  Ana >> 0", "3  Ana << 1", "waiting at Bob: {\"to\":\"Bob\"}"])
  }

  @Test func theStageMayRefuse() throws {
    let stage = FakeStage()
    stage.refuses = StageError("send")
    #expect(try failure("Ana connects\nAna >> raw bytes 00", on: stage)?.details == ["send"])
    stage.refuses = StageError("begin")
    #expect(try failure("Ana connects", on: stage)?.details == ["begin"])
  }

  @Test func reportsAreReadable() throws {
    var report = Report()
    let runner = Runner(stage: FakeStage())
    let passed = report.add(runner.play(try conversation("# It echoes\nAna connects")))
    #expect(passed.hasPrefix("ok  test.talk: It echoes ("))
    #expect(passed.hasSuffix(" ms)"))
    let failed = report.add(runner.play(try conversation("Ana connects\nAna << 1"))).split(separator: "\n")
    #expect(failed[0].hasPrefix("FAILED  test.talk ("))
    #expect(
      failed.dropFirst() == [
        "  test.talk:2: Ana << 1", "    expected  1", "    heard     nothing  (Ana)", "    what came before, by line:",
        "      1  Ana connects", "      2  Ana << 1",
      ])
    #expect(report.summary == "1 passed, 1 failed")
  }

  @Test func liveStagesLeaveOutAndNote() throws {
    let stage = FakeStage()
    stage.isLive = true
    var report = Report()
    let skipped = "set a = 1\nskip live \"needs a virtual clock\"\nAna connects\nAna << 1"
    let leftOut = report.add(Runner(stage: stage).play(try conversation(skipped)))
    #expect(leftOut == "--  test.talk (left out: needs a virtual clock)")
    #expect(stage.asked.isEmpty)
    let played = try conversation("policy nowhere.lua\nset a = 1\nlimit b = 1\nAna connects")
    let lines = report.add(Runner(stage: stage).play(played)).split(separator: "\n")
    #expect(lines.count == 4)
    #expect(lines[0] == "note  `policy` lines are not applied on a live server")
    #expect(report.add(Runner(stage: stage).play(played)).split(separator: "\n").count == 1)
    #expect(report.summary == "2 passed, 0 failed, 1 left out")
  }

  @Test func aPolicyThatIsNotThereFailsAtItsLine() throws {
    #expect(try failure("policy nowhere.lua\nAna connects")?.place.line == 1)
  }

  /// Only the first of several waits for silence: meanwhile the others are listened to as well.
  @Test func silenceIsWaitedForOnce() throws {
    let stage = FakeStage()
    #expect(try failure("Ana, Bob and Cid connect\nAna, Bob and Cid hear nothing\n... and more", on: stage) == nil)
    let waits = stage.patience.filter { if case .silence = $0 { true } else { false } }
    #expect(waits.count == 1)
  }
}
