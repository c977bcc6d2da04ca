import Conversation
import HTTP
import Lobby
import Policy
import Testing

@testable import Recording

/// What a recording says is what was to be said, and what is none is refused with its line.
struct RecordingTests {
  private func event(_ kind: RecordedEvent.Kind) -> RecordedEvent {
    var event = RecordedEvent(mount: "test", milliseconds: 1234, wallSeconds: 1_700_000_001.25, kind: kind)
    event.drawn = [0, 1, .max]
    event.hearings = [
      .init(peer: 1, .text(Array("{\"a\":\"\u{1F600}\\\"\"}".utf8))), .init(peer: 2, .binary([0, 255])),
      .init(peer: 2, .closed(code: 4000, reason: Array("Gone".utf8))), .init(peer: 3, .closed(code: nil, reason: [])),
    ]
    event.failures = ["on_message failed: x"]
    return event
  }

  private var kinds: [RecordedEvent.Kind] {
    let request = RecordedRequest(
      method: "GET", target: "/x?y=1", minorVersion: 1, headers: [HeaderField("Host", "a")].compactMap { $0 },
      address: "2001:db8::1")
    let answer = RecordedAnswer(status: 403, headers: request.headers, body: [0xFF])
    return [
      .load, .reload(.init(version: "01234567", script: "scripts/test.lua", reason: .files)),
      .upgrade(request, subprotocols: ["a", "b"], .accepted(subprotocol: "a")),
      .upgrade(request, subprotocols: [], .accepted(subprotocol: nil)),
      .upgrade(request, subprotocols: [], .refused(answer)), .request(request, nil), .request(request, answer),
      .connect(peer: 1, address: "192.0.2.1"), .message(peer: 1, isBinary: true, [1, 2, 3]),
      .message(peer: 1, isBinary: false, Array("plain \n text".utf8)),
      .disconnect(peer: 1, isLost: true, code: 1006, reason: ""), .departures, .timer(name: "join", due: 1200),
      .drain(seconds: 60),
    ]
  }

  @Test func whatIsWrittenIsRead() throws {
    for kind in kinds {
      let written = event(kind)
      let read = try RecordedEvent(TalkValue(parsing: written.line(.full)))
      #expect("\(read)" == "\(written)")
    }
  }

  @Test func redactedLinesHoldNoTexts() {
    for payloads in [RecordedPayloads.hash, .none] {
      for kind in kinds {
        let line = String(decoding: event(kind).line(payloads), as: UTF8.self)
        for secret in ["192.0.2.1", "2001:db8", "plain", "x?y", "drawn", "Gone", "AQID", "1F600", "on_message"] {
          #expect(!line.contains(secret), "\(line)")
        }
      }
    }
  }

  @Test func hashesTellEqualTextsOnly() {
    #expect(RecordedPayloads.hash.text("a") == RecordedPayloads.hash.text("a"))
    #expect(RecordedPayloads.hash.text("a") != RecordedPayloads.hash.text("b"))
    #expect(RecordedPayloads.none.text("a") == RecordedPayloads.none.text("b"))
  }

  // MARK: Reading

  private static func header(_ generation: Int = 0, payloads: String = "full", id: String = "1") -> String {
    """
    {"recording":1,"lobbyist":"0.1.0","id":"\(id)","generation":\(generation),"began":1,"payloads":"\(payloads)",\
    "mounts":[{"mount":"test","script":"scripts/test.lua","version":"00000000","plugins":[],"settings":[],"limits":[]}]}

    """
  }
  private static let load = #"{"at":0,"time":1,"mount":"test","event":"load"}"# + "\n"

  private static func with(_ line: String) -> String { header() + line + "\n" }
  private static let refusals: [(String, String)] = [
    ("", "r:1: the recording is cut off here"),
    ("hello\n", "r:1: not JSON"),
    ("{}\n", "r:1: this is no recording"),
    ("{\"recording\":9}\n", "r:1: recordings of format 9"),
    (header() + "{\"at\":0", "r:2: the recording is cut off here"),
    (with(""), "r:2: not JSON"),
    (with(#"{"at":0}"#), "r:2: 'time' is lacking"),
    (with(#"{"at":-1,"time":1,"mount":"test","event":"load"}"#), "r:2: 'at' is no number"),
    (with(#"{"at":0,"time":1,"mount":"other","event":"load"}"#), "r:2: there is no mount 'other'"),
    (with(#"{"at":0,"time":1,"mount":"test","event":"dance"}"#), "r:2: there is no event 'dance'"),
    (with(#"{"at":0,"time":1,"mount":"test","event":"connect","peer":0}"#), "r:2: 'peer' is no number"),
    (
      with(#"{"at":0,"time":1,"mount":"test","event":"message","peer":1,"binary":"?"}"#),
      "r:2: 'binary' is not base64"
    ),
    (
      with(#"{"at":0,"time":1,"mount":"test","event":"load","drawn":"12"}"#),
      "r:2: 'drawn' is not made of sixteen"
    ),
    (
      with(#"{"at":0,"time":1,"mount":"test","event":"reload","version":"1","script":"x","reason":"?"}"#),
      "r:2: 'reason' is none"
    ),
    (header(payloads: "hash"), "r was recorded with --record-payloads hash"),
  ]

  private func read(_ text: String, older: [String: String] = [:]) throws(RecordingError) -> Recording {
    try Recording(path: "r", Array(text.utf8)) { older[$0].map { Array($0.utf8) } }
  }

  @Test(arguments: refusals)
  func whatIsNoRecordingIsRefused(_ refusal: (text: String, message: String)) {
    let (text, message) = refusal
    do throws(RecordingError) {
      _ = try read(text)
      Issue.record("read: \(text)")
    } catch {
      #expect(error.message.hasPrefix(message), "\(error.message)")
    }
  }

  /// Cut anywhere, changed anywhere: read or refused with a line, never a crash; what is read can be replayed.
  @Test func garbledRecordingsAreRefusedOrReplayed() throws {
    let whole = Array(try Scenario().recorded().utf8)
    var random = RandomSource.seeded(7)
    for round in 0..<600 {
      var bytes = whole
      if round % 2 == 0 {
        bytes.removeLast(Int(random.next(below: UInt64(bytes.count))))
      } else {
        for _ in 0..<(1 + round % 3) {
          bytes[Int(random.next(below: UInt64(bytes.count)))] = UInt8(truncatingIfNeeded: random.next())
        }
      }
      do throws(RecordingError) {
        let recording = try Recording(path: "r", bytes) { _ in nil }
        guard let mount = recording.header.mounts.first?.name else { continue }
        let replay = try? Replay(recording, mount: mount) { try Scenario.load(Scenario.source, $0) }
        _ = try replay?.run { _ in }
      } catch {
        #expect(error.message.hasPrefix("r:") || error.message.hasPrefix("r was"), "\(error.message)")
      }
    }
  }

  @Test func anOlderFileComesFirstIfItIsOfTheSameRecording() throws {
    let second = Self.header(1) + Self.load
    #expect(try read(second, older: ["r.1": Self.header() + Self.load]).lines.map(\.place) == ["r.1:2", "r:2"])
    #expect(try read(second, older: ["r.1": Self.header(id: "2") + Self.load]).lines.map(\.place) == ["r:2"])
    #expect(try read(second).lacksBeginning)
    #expect(try !read(second, older: ["r.1": Self.header()]).lacksBeginning)
  }
}
