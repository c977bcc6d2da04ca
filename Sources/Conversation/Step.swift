import Reactor

/// One line of a conversation that does or expects something.
public struct Step: Sendable {
  public let place: Place
  /// The line as written.
  public let source: String
  let actors: [String]
  let action: Action
}

enum Action: Sendable {
  /// `refused` are those whose next step says so.
  case connect(Knock, refused: Set<String>)
  case refused(status: Int, body: Template?)
  case subprotocol(Template?)
  case send(Message)
  case hear(Message)
  case silence
  case close(code: UInt16?, reason: Template)
  case drop
  case closed(Closing)
  case dropped
  case wait(milliseconds: Int)
  case fetch(method: String, Knock)
  case reply(status: Int, Body)
  case header(name: String, Template)
  /// Another version of the policy; where `lobbiesFinish`, only for lobbies to come.
  case reload(path: String, lobbiesFinish: Bool)
  case drain(seconds: Int)
  case expect(Expectation)
  case more
}

/// The request of a handshake or of plain HTTP, names not filled in yet.
struct Knock: Sendable {
  var path: Template?
  /// Where it comes from; nil for anywhere.
  var address: HostAddress?
  var headers: [(name: String, value: Template)] = []
  var subprotocols: [Template] = []
  var body: Template?
  var bodyIsJSON = false
}

/// What is sent or must be heard.
enum Message: Sendable, Equatable {
  /// Sent as written, matched by value.
  case json(TalkPattern, Template)
  case text(Template)
  case binary([UInt8])
  case repeated(count: Int, Template)
  case ping(Template)
  case pong(Template)
  case raw([UInt8])
}

enum Closing: Sendable, Equatable {
  case any
  case withoutCode
  /// `reason` nil: any.
  case code(UInt16, reason: Template?)
}

/// What the body of a plain HTTP answer must be.
enum Body: Sendable, Equatable {
  case any
  case json(TalkPattern)
  case text(Template)
  case containing(Template)
}

enum Expectation: Sendable, Equatable {
  case matches(name: String, Shape, source: String)
  case range(name: String, ClosedRange<Int64>)
  case differs(name: String, from: String)
}
