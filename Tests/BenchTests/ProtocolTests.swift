import Testing

@testable import Bench

/// A client whose server has its lines ready.
private final class ScriptedClient: Client {
  var sent: [String] = []
  private var replies: ArraySlice<String>

  init(_ replies: [String]) { self.replies = replies[...] }

  func send(_ text: String) { sent.append(text) }

  func receive() throws(BenchError) -> String {
    guard let reply = replies.popFirst() else { throw .server("nothing more to hear") }
    return reply
  }
}

/// Set-up and messages of each protocol, as its transcripts have them.
@Suite struct ProtocolTests {
  private var queries: [String] = []

  /// A pair whose host and guest hear these lines.
  private mutating func pair(
    _ signaling: some SignalingProtocol, host: [String], guest: [String], bytes: Int = 200
  ) throws -> Pair<ScriptedClient> {
    var clients = [ScriptedClient(host), ScriptedClient(guest)]
    var queries: [String] = []
    let pair = try signaling.pair(3, bytes: bytes) { query throws(BenchError) in
      queries.append(query)
      return clients.removeFirst()
    }
    self.queries = queries
    for message in [pair.offer, pair.answer] { #expect(message.sent.utf8.count == bytes) }
    return pair
  }

  private func accepts(_ message: RelayedMessage, _ replacements: (String, String)...) -> Bool {
    var text = message.sent
    for (old, new) in replacements {
      #expect(text.contains(old))
      text = text.replacing(old, with: new)
    }
    var wanted = message.heard
    return wanted.accepts(Array(text.utf8))
  }

  @Test mutating func godot() throws {
    let pair = try pair(
      Godot(),
      host: [
        #"{"type":1,"id":1,"data":""}"#, #"{"type":0,"id":0,"data":"5AOuqF"}"#, #"{"type":2,"id":77,"data":""}"#,
      ],
      guest: [
        #"{"type":1,"id":77,"data":""}"#, #"{"type":2,"id":1,"data":""}"#, #"{"type":0,"id":0,"data":"5AOuqF"}"#,
      ])
    #expect(pair.host.sent == [#"{"type":0,"id":0,"data":""}"#])
    #expect(pair.guest.sent == [#"{"type":0,"id":0,"data":"5AOuqF"}"#])
    #expect(pair.offer.sent.hasPrefix(#"{"type":4,"id":77,"data":"v=0\r\n"#))
    #expect(pair.answer.sent.hasPrefix(#"{"type":5,"id":1,"data":"v=0\r\n"#))
    #expect(accepts(pair.offer, (#""id":77"#, #""id":1"#)) && !accepts(pair.offer))
    #expect(accepts(pair.answer, (#""id":1"#, #""id":77"#)) && !accepts(pair.answer))
  }

  @Test mutating func gameJam() throws {
    let pair = try pair(
      GameJam(),
      host: [
        "{\"command\":\"###!RPK\",\"data\":\"44563277\"}", "{\"command\":\"###!CTR\",\"data\":1}",
        "{\"command\":\"###!CRK\",\"data\":\"bfe44b8f\"}", "{\"command\":\"###!RPC\",\"data\":\"1296210946\"}",
      ],
      guest: [
        "{\"command\":\"###!RPK\",\"data\":\"1296210946\"}", "{\"command\":\"###!CTR\",\"data\":\"1296210946\"}",
        "{\"command\":\"###!RPC\",\"data\":1}", "{\"command\":\"###!JRK\",\"data\":[\"Alice\",\"Bob\"]}",
      ])
    #expect(
      pair.host.sent == [
        "{\"command\":\"###!RP\",\"data\":\"Host\"}", "{\"command\":\"###!CR\",\"data\":\"null\"}",
      ])
    #expect(pair.guest.sent.last == "{\"command\":\"###!JR\",\"data\":\"bfe44b8f\"}")
    #expect(pair.offer.sent.hasPrefix("{\"command\":\"###!OO\",\"data\":{\"id\":1296210946,\"offer\":\"v=0"))
    #expect(pair.answer.sent.hasPrefix("{\"command\":\"###!AA\",\"data\":{\"id\":1,\"answer\":\"v=0"))
    #expect(accepts(pair.offer, ("###!OO", "###!OOO"), (#""id":1296210946"#, #""id":1"#)))
    #expect(accepts(pair.answer, ("###!AA", "###!AAA"), (#""id":1"#, #""id":"1296210946""#)))
    #expect(!accepts(pair.offer, ("###!OO", "###!OOO")))
    #expect(!accepts(pair.answer, (#""id":1"#, #""id":"1296210946""#)))
  }

  @Test mutating func unity() throws {
    let pair = try pair(
      Unity(), host: [#"{"type":"room_created","roomId":"6700","myId":"d5a50555"}"#],
      guest: [#"{"type":"room_joined","roomId":"6700","myId":"b9b53ca8"}"#])
    #expect(pair.host.sent == [#"{"type":"create"}"#])
    #expect(pair.guest.sent == [#"{"type":"join","roomId":"6700"}"#])
    #expect(pair.offer.sent.hasPrefix(#"{"type":"signal","payload":{"sdp":"v=0"#))
    let from = #""type":"signal","#
    #expect(accepts(pair.offer, (from, from + #""senderId":"d5a50555","#)))
    #expect(accepts(pair.answer, (from, from + #""senderId":"b9b53ca8","#)))
    #expect(!accepts(pair.answer, (from, from + #""senderId":"d5a50555","#)))
    #expect(!accepts(pair.offer, (from, from + #""senderId":"d5a50555","#), ("LineIndex\":0", "LineIndex\":1")))
  }

  @Test mutating func broadcast() throws {
    let pair = try pair(Broadcast(), host: [], guest: [])
    #expect(queries == ["?room=bench-3", "?room=bench-3"])
    #expect(pair.host.sent.isEmpty && pair.guest.sent.isEmpty)
    #expect(pair.offer.sent.hasPrefix(#"{"sdp":{"type":"offer","sdp":"v=0"#))
    #expect(accepts(pair.offer) && accepts(pair.answer))
    #expect(!accepts(pair.offer, ("v=0", "v=1")))
    #expect(!accepts(pair.offer, (#""}}"#, #""} }"#)))
  }

  @Test mutating func singo() throws {
    let pair = try pair(
      Singo(),
      host: [
        #"{"type":"notify-client-id","payload":{"client_id":"a"}}"#,
        #"{"type":"new-client","payload":{"client_id":"b"}}"#,
      ], guest: [#"{"type":"notify-client-id","payload":{"client_id":"b"}}"#])
    #expect(pair.host.sent == [#"{"type":"join","payload":{"room_id":"bench-3"}}"#])
    #expect(pair.guest.sent == pair.host.sent)
    #expect(pair.offer.sent.hasPrefix(#"{"type":"offer","payload":{"sdp":"v=0"#))
    #expect(pair.offer.sent.hasSuffix(#"","client_id":"b"}}"#))
    #expect(accepts(pair.offer, (#""client_id":"b""#, #""client_id":"a""#)) && !accepts(pair.offer))
    #expect(accepts(pair.answer, (#""client_id":"a""#, #""client_id":"b""#)) && !accepts(pair.answer))
  }

  @Test mutating func anAnswerThatLacksWhatIsNeededIsReported() throws {
    #expect(throws: BenchError.self) { try pair(Unity(), host: [#"{"type":"room_created"}"#], guest: []) }
    #expect(throws: BenchError.server("nothing more to hear")) { try pair(Godot(), host: [], guest: []) }
  }

  @Test func namesAreKnown() throws {
    for signaling in Protocols.all { #expect(try Protocols.named(signaling.name).script == signaling.script) }
    #expect(throws: BenchError.self) { try Protocols.named("gopher") }
  }

  @Test func theURLsPathGoesBeforeTheProtocols() throws {
    let usual = try Target.parse("ws://127.0.0.1:80")
    #expect(usual.at("/connect", "").path == "/connect")
    #expect(usual.at("/signalling", "?room=1").path == "/signalling?room=1")
    let own = try Target.parse("ws://127.0.0.1:80/x?y=2")
    #expect(own.at("/signalling", "?room=1").path == "/x?y=2&room=1")
    #expect(own.at("/connect", "").path == "/x?y=2")
  }

  @Test func membersOfSetUpMessagesAreFound() {
    #expect(rawMember("id", of: #"{"type":1,"id":63392831,"data":"true"}"#) == "63392831")
    #expect(rawMember("data", of: #"{"type":0,"id":0,"data":"5AOuqF"}"#) == "5AOuqF")
    #expect(rawMember("type", of: #"{"data":"","id":0,"type":7}"#) == "7")
    #expect(rawMember("client_id", of: #"{"type":"x","payload":{"client_id": "b"}}"#) == "b")
    #expect(rawMember("lobby", of: #"{"type":0}"#) == nil)
  }
}
