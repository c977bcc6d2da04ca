import Testing

@testable import Conversation

/// The conversations in this repository.
@Suite struct FilesTests {
  /// This file is Tests/ConversationTests/FilesTests.swift.
  static let root = #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 }

  @Test func allConversationsOfTheRepositoryCanBeRead() throws {
    for folder in ["scripts", "examples/echo", "Tests/Conversations"] {
      for file in try TalkFiles.find(FilesTests.root + "/" + folder) { #expect(try !TalkFiles.read(file).isEmpty) }
    }
    #expect(try TalkFiles.read(FilesTests.root + "/scripts/godot.talk").count > 70)
  }

  @Test(arguments: ["Tests/Conversations/language.talk", "examples/echo/echo.talk"])
  func anEchoingStagePassesTheConversationsAboutEcho(_ file: String) throws {
    for var conversation in try TalkFiles.read(FilesTests.root + "/" + file) {
      conversation.policy = nil
      let verdict = Runner(stage: FakeStage()).play(conversation)
      guard case .failed(let failure) = verdict.outcome else { continue }
      Issue.record("\(failure.place) \(failure.details)")
    }
  }

  @Test func filesThatAreNotThereAreMistakes() {
    #expect(throws: TalkError.self) { try TalkFiles.find("/nowhere") }
    #expect(throws: TalkError.self) { try TalkFiles.read("/nowhere.talk") }
    var lines: [String] = []
    #expect(!TalkFiles.play(["/nowhere.talk"], on: FakeStage()) { lines.append($0) })
    #expect(lines.last == "0 passed, 1 failed")
  }

  @Test func scriptsAreFoundBesideTheFileThatNamesThem() {
    let talk = FilesTests.root + "/examples/echo/echo.talk"
    #expect(ScriptPath.resolve("echo.talk", besides: talk) == talk)
    #expect(ScriptPath.resolve(talk, besides: "x") == talk)
    #expect(ScriptPath.resolve("nowhere.lua", besides: talk) == nil)
  }
}
