/// Who is connected while a conversation is read, so that a line that cannot be played is a mistake of the
/// file, found before anything is played.
struct Presence {
  private var connected: Set<String> = []
  private var known: Set<String> = []
  private var names: Set<String> = []
  private var replySeen = false
  private var ended = false
  private(set) var openRequest: Place?

  mutating func follow(_ step: Step) throws(TalkError) {
    if ended { throw TalkError(step.place, "`... and more` is the last step of a conversation") }
    try followRequest(step)
    try countNames(step)
    for actor in step.actors { try follow(step, actor) }
  }

  private mutating func followRequest(_ step: Step) throws(TalkError) {
    if let openRequest {
      guard case .reply = step.action else {
        throw TalkError(step.place, "the reply of line \(openRequest.line) comes first", example: "reply 200")
      }
    }
    switch step.action {
    case .fetch: openRequest = step.place
    case .reply:
      guard openRequest != nil else { throw TalkError(step.place, "no request to reply to", example: "GET /status") }
      openRequest = nil
      replySeen = true
    case .header:
      guard replySeen else { throw TalkError(step.place, "no reply to have a header", example: "reply 200") }
    case .more: ended = true
    default: break
    }
  }

  private mutating func countNames(_ step: Step) throws(TalkError) {
    names.formUnion(step.action.names)
    guard names.count <= TalkLimits.namesMax else {
      throw TalkError(step.place, "more than \(TalkLimits.namesMax) names in one conversation")
    }
  }

  private mutating func follow(_ step: Step, _ actor: String) throws(TalkError) {
    switch step.action {
    case .connect:
      guard connected.insert(actor).inserted else {
        throw TalkError(step.place, "\(actor) is connected already", example: "\(actor) closes")
      }
      known.insert(actor)
      guard known.count <= TalkLimits.actorsMax else {
        throw TalkError(step.place, "more than \(TalkLimits.actorsMax) peers in one conversation")
      }
    case .send, .close, .drop, .subprotocol:
      guard connected.contains(actor) else {
        throw TalkError(step.place, "\(actor) is not connected here", example: "\(actor) connects")
      }
      switch step.action {
      case .close, .drop: connected.remove(actor)
      default: break
      }
    case .refused, .closed, .dropped:
      try needKnown(step, actor)
      connected.remove(actor)
    default: try needKnown(step, actor)
    }
  }

  private func needKnown(_ step: Step, _ actor: String) throws(TalkError) {
    guard known.contains(actor) else {
      throw TalkError(step.place, "\(actor) has not connected before", example: "\(actor) connects")
    }
  }
}

extension Action {
  /// The names that a step fills in or binds.
  var names: [String] {
    switch self {
    case .connect(let knock, _), .fetch(_, let knock):
      return (knock.path?.names ?? []) + knock.headers.flatMap(\.value.names) + knock.subprotocols.flatMap(\.names)
        + (knock.body?.names ?? [])
    case .refused(_, let body): return body?.names ?? []
    case .subprotocol(let name): return name?.names ?? []
    case .send(let message), .hear(let message): return message.names
    case .close(_, let reason): return reason.names
    case .closed(.code(_, let reason)): return reason?.names ?? []
    case .reply(_, let body): return body.names
    case .header(_, let value): return value.names
    case .expect(let expectation): return expectation.names
    case .silence, .drop, .closed, .dropped, .wait, .reload, .drain, .more: return []
    }
  }
}

extension Message {
  var names: [String] {
    switch self {
    case .json(let pattern, _): pattern.names
    case .text(let template), .repeated(_, let template), .ping(let template), .pong(let template): template.names
    case .binary, .raw: []
    }
  }
}

extension Body {
  var names: [String] {
    switch self {
    case .any: []
    case .json(let pattern): pattern.names
    case .text(let template), .containing(let template): template.names
    }
  }
}

extension Expectation {
  var names: [String] {
    switch self {
    case .matches(let name, _, _), .range(let name, _): [name]
    case .differs(let name, let other): [name, other]
    }
  }
}
