import Conversation
import HTTP

/// A stage without a policy: it echoes, and hears whatever a test puts there. It keeps what it was asked.
final class FakeStage: Stage {
  var isLive = false
  var asked: [String] = []
  var scene = Scene()
  /// What `connect` leads to; `.opened` unless a test says otherwise.
  var greeting: [String: [Heard]] = [:]
  /// What the next message of anyone leads to instead of an echo.
  var answers: [[(actor: String, Heard)]] = []
  /// What passing time leads to.
  var later: [(actor: String, Heard)] = []
  var reply = PlainReply(status: 200, headers: [HeaderField("Content-Type", "text/plain")!], body: [])
  var refuses: StageError?
  private var heard: [String: [Heard]] = [:]
  private(set) var patience: [Patience] = []

  func begin(_ scene: Scene) throws(StageError) {
    if let refuses, refuses.message == "begin" { throw refuses }
    self.scene = scene
    heard = [:]
  }

  func end() { asked.append("end") }

  func connect(_ actor: String, _ request: ConnectRequest) throws(StageError) {
    let headers = request.headers.map { " \($0.name)=\($0.value)" }.joined()
    asked.append("connect \(actor) \(request.path ?? "-")\(headers) \(request.subprotocols)")
    heard[actor, default: []] += greeting[actor] ?? [.opened(subprotocol: nil)]
  }

  func send(_ actor: String, _ message: Sent) throws(StageError) {
    if let refuses, refuses.message == "send" { throw refuses }
    asked.append("send \(actor) \(message)")
    if !answers.isEmpty {
      for answer in answers.removeFirst() { heard[answer.actor, default: []].append(answer.1) }
      return
    }
    switch message {
    case .text(let bytes): heard[actor, default: []].append(.text(bytes))
    case .binary(let bytes): heard[actor, default: []].append(.binary(bytes))
    case .ping(let bytes): heard[actor, default: []].append(.pong(bytes))
    case .pong, .raw: break
    }
  }

  func close(_ actor: String, code: UInt16?, reason: [UInt8]) throws(StageError) {
    asked.append("close \(actor) \(code.map(String.init) ?? "-") \(String(decoding: reason, as: UTF8.self))")
    heard[actor, default: []].append(.closed(code: code, reason: []))
  }

  func drop(_ actor: String) throws(StageError) { asked.append("drop \(actor)") }

  func fetch(_ request: PlainRequest) throws(StageError) -> PlainReply {
    let headers = request.headers.map { " \($0.name)=\($0.value)" }.joined()
    asked.append("\(request.method) \(request.path)\(headers) \(String(decoding: request.body, as: UTF8.self))")
    return reply
  }

  func advance(milliseconds: Int) throws(StageError) {
    asked.append("advance \(milliseconds)")
    for event in later { heard[event.actor, default: []].append(event.1) }
    later = []
  }

  func reload(_ path: String, lobbiesFinish: Bool) throws(StageError) {
    asked.append("reload \(path)\(lobbiesFinish ? " for new lobbies" : "")")
  }

  func drain(seconds: Int) throws(StageError) { asked.append("drain \(seconds)") }

  func next(_ actor: String, _ patience: Patience) throws(StageError) -> Heard? {
    self.patience.append(patience)
    guard let first = heard[actor]?.first else { return nil }
    heard[actor]?.removeFirst()
    return first
  }
}

extension Heard {
  static func text(_ text: String) -> Heard { .text(Array(text.utf8)) }
  static func closed(_ code: UInt16, _ reason: String) -> Heard { .closed(code: code, reason: Array(reason.utf8)) }
}

/// Reads one conversation; the test fails if it cannot be read.
func conversation(_ text: String) throws -> Conversation {
  try TalkParser.parse(Array(text.utf8), file: "test.talk")[0]
}

/// How `text` goes on `stage`: nil if it passes, else the failing line and what is told about it.
func failure(_ text: String, on stage: FakeStage = FakeStage()) throws -> Failure? {
  if case .failed(let failure) = Runner(stage: stage).play(try conversation(text)).outcome { return failure }
  return nil
}
