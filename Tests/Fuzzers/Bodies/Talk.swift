import Conversation

extension Fuzzer {
  /// Any bytes can be read as a `.talk` file and what can be read can be played; every mistake has a place
  /// within the input. Numbers, strings and whatever else is a JSON value is written as it is read.
  public static let talk = Fuzzer(name: "talk") { input in
    let bytes = Array(input)
    do throws(TalkError) {
      for conversation in try TalkParser.parse(bytes, file: "fuzz.talk") {
        _ = Runner(stage: EchoStage()).play(conversation)
      }
    } catch {
      let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
      guard (1...max(1, lines.count)).contains(error.place.line),
        (1...lines[error.place.line - 1].count + 1).contains(error.place.column)
      else { return "A mistake outside of the input: \(error)" }
      guard !error.message.isEmpty else { return "A mistake without a message" }
    }
    if let value = try? TalkValue(parsing: bytes) {
      guard let again = try? TalkValue(parsing: value.json) else { return "JSON that cannot be read again" }
      // An object may name a member twice.
      guard again == value || bytes.contains(UInt8(ascii: "{")) else { return "JSON that reads differently" }
    }
    return nil
  }
}

/// A stage without a policy: everyone who connects hears what they say.
private final class EchoStage: Stage {
  let isLive = false
  private var heard: [String: [Heard]] = [:]

  func begin(_ scene: Scene) { heard = [:] }
  func end() { heard = [:] }
  func connect(_ actor: String, _ request: ConnectRequest) {
    heard[actor, default: []].append(.opened(subprotocol: nil))
  }
  func close(_ actor: String, code: UInt16?, reason: [UInt8]) {
    heard[actor, default: []].append(.closed(code: code, reason: reason))
  }
  func drop(_ actor: String) { heard[actor, default: []].append(.dropped) }
  func fetch(_ request: PlainRequest) -> PlainReply { PlainReply(status: 200, body: request.body) }
  func advance(milliseconds: Int) {}
  func reload(_ path: String, lobbiesFinish: Bool) {}

  func drain(seconds: Int) {}

  func send(_ actor: String, _ message: Sent) {
    switch message {
    case .text(let bytes): heard[actor, default: []].append(.text(bytes))
    case .binary(let bytes): heard[actor, default: []].append(.binary(bytes))
    case .ping(let bytes): heard[actor, default: []].append(.pong(bytes))
    case .pong, .raw: break
    }
  }

  func next(_ actor: String, _ patience: Patience) -> Heard? {
    guard let first = heard[actor]?.first else { return nil }
    heard[actor]?.removeFirst()
    return first
  }
}
