import Testing

@testable import Conversation

@Suite(.serialized) struct LiveStageTests {
  private func play(_ text: String) throws -> Failure? {
    let stage = try LiveStage(url: "ws://127.0.0.1:\(EchoServer.port)/tell?start")
    if case .failed(let failure) = Runner(stage: stage).play(try conversation(text)).outcome { return failure }
    return nil
  }

  @Test(arguments: [
    "Ana connects\nAna << text \"/tell?start -\"",
    "Ana connects to /tell?x=1 with header \"X-Who: me\"\nAna << text \"/tell?x=1 me\"",
    "Ana connects to / with subprotocol \"a\" with subprotocol \"b\"\nAna has subprotocol \"b\"",
    "Ana connects to /\nAna has no subprotocol\nAna hears nothing",
    "Ana connects to /refuse\nAna is refused 403 \"No entry\"",
    "Ana connects to /\nAna >> {\"a\": 1}\nAna << {\"a\": 1}\nAna >> binary 00ff\nAna << binary 00ff",
    "Ana connects to /\nAna >> repeat 125 \"x\"\nAna << repeat 125 \"x\"\nAna >> repeat 70000 \"x\"\nAna << repeat 70000 \"x\"",
    "Ana connects to /\nAna >> repeat 3000000 \"x\"\nAna << repeat 3000000 \"x\"",
    "Ana connects to /\nAna >> ping \"hey\"\nAna << pong \"hey\"",
    "Ana connects to /\nAna >> text \"ping me\"\nAna << text \"ponged 3\"",
    "Ana connects to /\nAna >> text \"close me\"\nAna is closed 4000 \"Lobby is sealed\"",
    "Ana connects to /\nAna >> text \"close bare\"\nAna is closed without code",
    "Ana connects to /\nAna >> text \"drop me\"\nAna is dropped",
    "Ana connects to /\nAna >> text \"pieces\"\nAna << text \"abc\"",
    "Ana connects to /\nAna >> raw bytes 81 80 00 00 00 00\nAna << text \"\"",
    "Ana connects to /\nAna >> raw bytes 81 00\nAna is closed 1002",
    "Ana connects to /\nAna >> text \"\\xff\"\nAna is closed 1007",
    "Ana connects to /\nAna closes\nAna connects to /\nAna closes 4001 \"bye\"\nAna is closed 4001",
    "Ana and Bob connect to /\nAna drops\nBob >> 1\nBob << 1\nAna connects to /\nAna >> 2\nAna << 2",
    "GET /status?x=1\nreply 200 {\"path\":\"/status?x=1\"}\nheader \"Content-Type: application/json\"",
    "GET /refuse\nreply 403 contains \"entry\"",
    "Ana connects to /\nafter 30ms\nAna hears nothing",
  ])
  func passes(_ text: String) throws {
    let told = try play(text)
    #expect(told == nil, "\(told?.details ?? [])")
  }

  @Test(arguments: [
    ("Ana connects to /\nAna >> 1\nAna hears nothing", "heard     text \"1\"  (Ana)"),
    ("Ana connects to /\nAna >> 1", "heard     text \"1\"  (Ana)"),
    ("Ana connects to /refuse\nafter 1ms", "heard     refused 403 \"No entry\"  (Ana)"),
    ("Ana connects to /\nAna >> text \"break\"\nAna << 1", "the server broke the protocol"),
    ("Ana connects to /\nreload v2.lua", "a live server is not reloaded from here"),
    ("Ana connects to /\ndrain 60s", "a live server is not drained from here"),
    ("Ana connects to / with subprotocol \"a b\"", "the path or a subprotocol cannot stand in a request"),
    ("GET /$x\nreply 200", "$x has no value"),
  ])
  func fails(_ text: String, _ expected: String) throws {
    let told = try #require(try play(text))
    #expect(told.details.contains { $0.hasPrefix(expected) }, "\(told.details)")
  }

  @Test func nobodyThereIsAClearError() throws {
    let stage = try LiveStage(url: "ws://127.0.0.1:1")
    guard case .failed(let failure) = Runner(stage: stage).play(try conversation("Ana connects")).outcome else {
      return #expect(Bool(false), "connected to a closed port")
    }
    #expect(failure.details[0].hasPrefix("cannot connect to 127.0.0.1:1: "))
  }

  @Test(arguments: ["http://x", "ws://", "ws://:80", "ws://127.0.0.1:x", "ws://127.0.0.1:0", "127.0.0.1:80"])
  func wrongURLs(_ url: String) { #expect(throws: StageError.self) { try LiveTarget(url: url) } }

  @Test(arguments: [
    ("ws://127.0.0.1:9080", "127.0.0.1:9080", "/", 9080), ("ws://127.0.0.1", "127.0.0.1", "/", 80),
    ("ws://127.0.0.1:81/a/b?c=d#e", "127.0.0.1:81", "/a/b?c=d", 81), ("ws://[::1]:82?x", "[::1]:82", "/?x", 82),
    ("ws://[::1]/", "[::1]", "/", 80),
  ])
  func urls(_ url: String, _ host: String, _ path: String, _ port: UInt16) throws {
    let target = try LiveTarget(url: url)
    #expect(target.host == host)
    #expect(target.path == path)
    #expect(target.addresses.map(\.port) == [port])
  }
}
