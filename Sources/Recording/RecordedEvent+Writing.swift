import Bytes
import Conversation
import HTTP
import Policy

extension RecordedEvent {
  typealias Member = TalkValue.Member

  /// The line, without its end.
  func line(_ payloads: RecordedPayloads) -> [UInt8] {
    var members = [
      Member("at", .integer(Int64(clamping: milliseconds))), Member("time", .double(wallSeconds)),
      Member("mount", .string(mount)),
    ]
    members += words(payloads)
    if !hearings.isEmpty {
      members.append(Member("heard", .array(hearings.map { .object($0.members(payloads)) })))
    }
    // They are names and ids that people use.
    if !drawn.isEmpty, payloads == .full { members.append(Member("drawn", .string(Hexadecimal.text(drawn)))) }
    if !failures.isEmpty { members.append(Member("failed", .array(failures.map { payloads.text($0) }))) }
    return TalkValue.object(members).json
  }

  private func words(_ payloads: RecordedPayloads) -> [Member] {
    switch kind {
    case .load: return [Member("event", .string("load"))]
    case .reload(let reload):
      return [
        Member("event", .string("reload")), Member("version", .string(reload.version)),
        Member("script", .string(reload.script)), Member("reason", .string(reload.reason.rawValue)),
      ]
    case .upgrade(let request, let subprotocols, let verdict):
      let wanted = Member("subprotocols", .array(subprotocols.map { payloads.text($0) }))
      return [Member("event", .string("upgrade"))] + request.members(payloads) + [wanted] + verdict.members(payloads)
    case .request(let request, let answer):
      let said = answer.map { TalkValue.object($0.members(payloads)) } ?? .null
      return [Member("event", .string("request"))] + request.members(payloads) + [Member("answer", said)]
    case .connect(let peer, let address):
      return [Member("event", .string("connect")), Self.peer(peer), Member("address", payloads.text(address))]
    case .message(let peer, let isBinary, let bytes):
      return [Member("event", .string("message")), Self.peer(peer), .payload(bytes, isBinary: isBinary, payloads)]
    case .disconnect(let peer, let isLost, let code, let reason):
      return [
        Member("event", .string("disconnect")), Self.peer(peer), Member("lost", .bool(isLost)),
        Member("code", .integer(Int64(code))), Member("reason", payloads.text(reason)),
      ]
    case .departures: return [Member("event", .string("departures"))]
    case .timer(let name, let due):
      return [
        Member("event", .string("timer")), Member("name", .string(name)),
        Member("due", .integer(Int64(clamping: due))),
      ]
    case .drain(let seconds):
      return [Member("event", .string("drain")), Member("seconds", .integer(Int64(seconds)))]
    }
  }

  static func peer(_ peer: Int) -> Member { Member("peer", .integer(Int64(peer))) }
}

extension RecordedEvent.Hearing {
  fileprivate func members(_ payloads: RecordedPayloads) -> [TalkValue.Member] {
    let who = RecordedEvent.peer(peer)
    switch heard {
    case .text(let bytes): return [who, .payload(bytes, isBinary: false, payloads)]
    case .binary(let bytes): return [who, .payload(bytes, isBinary: true, payloads)]
    case .closed(let code, let reason):
      let code = code.map { TalkValue.integer(Int64($0)) } ?? .null
      return [who, .init("closed", code), .init("reason", payloads.text(reason))]
    case .opened, .refused, .pong, .dropped: return [who]
    }
  }
}

extension RecordedRequest {
  fileprivate func members(_ payloads: RecordedPayloads) -> [TalkValue.Member] {
    [
      .init("method", .string(method)), .init("target", payloads.text(target)),
      .init("minor", .integer(Int64(minorVersion))), .headers(headers, payloads),
      .init("address", payloads.text(address)),
    ]
  }
}

extension RecordedVerdict {
  fileprivate func members(_ payloads: RecordedPayloads) -> [TalkValue.Member] {
    switch self {
    case .accepted(let subprotocol): [.init("accepted", subprotocol.map { payloads.text($0) } ?? .bool(true))]
    case .refused(let answer): [.init("refused", .object(answer.members(payloads)))]
    }
  }
}

extension RecordedAnswer {
  fileprivate func members(_ payloads: RecordedPayloads) -> [TalkValue.Member] {
    let isText = UTF8Validator.isValid(body)
    return [
      .init("status", .integer(Int64(status))), .headers(headers, payloads),
      .payload(body, isBinary: !isText, payloads),
    ]
  }
}

extension TalkValue.Member {
  /// Binary data is base64.
  fileprivate static func payload(_ bytes: [UInt8], isBinary: Bool, _ payloads: RecordedPayloads) -> Self {
    guard isBinary else { return Self("text", payloads.text(bytes)) }
    let isFull = payloads == .full
    return Self("binary", isFull ? .string(Base64.encode(bytes, forURL: false)) : payloads.text(bytes))
  }

  fileprivate static func headers(_ headers: [HeaderField], _ payloads: RecordedPayloads) -> Self {
    Self("headers", .array(headers.map { .array([.string($0.name), payloads.text($0.value)]) }))
  }
}
