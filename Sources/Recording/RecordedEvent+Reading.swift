import Conversation
import HTTP
import Policy

extension RecordedEvent {
  init(_ value: TalkValue) throws(FieldMistake) {
    let fields = try FieldReader(value)
    milliseconds = UInt64(try fields.integer("at"))
    wallSeconds = try fields.number("time")
    mount = try fields.text("mount")
    kind = try Kind(fields)
    hearings = try fields.list("heard").map { element throws(FieldMistake) in try Hearing(element) }
    failures = try fields.texts("failed")
    if fields.find("drawn") != nil {
      guard let numbers = Hexadecimal.numbers(try fields.bytes("drawn")) else {
        throw FieldMistake("'drawn' is not made of sixteen hexadecimal digits each")
      }
      drawn = numbers
    }
  }
}

extension RecordedEvent.Kind {
  fileprivate init(_ fields: FieldReader) throws(FieldMistake) {
    switch try fields.text("event") {
    case "load": self = .load
    case "reload":
      guard let reason = RecordedEvent.Reload.Reason(rawValue: try fields.text("reason")) else {
        throw FieldMistake("'reason' is none of a reload")
      }
      self = .reload(.init(version: try fields.text("version"), script: try fields.text("script"), reason: reason))
    case "upgrade":
      self = .upgrade(
        try RecordedRequest(fields), subprotocols: try fields.texts("subprotocols"), try RecordedVerdict(fields))
    case "request":
      var answer: RecordedAnswer?
      let said = try fields.value("answer")
      if said != .null { answer = try RecordedAnswer(FieldReader(said)) }
      self = .request(try RecordedRequest(fields), answer)
    case "connect": self = .connect(peer: try fields.peer(), address: try fields.text("address"))
    case "message":
      let (bytes, isBinary) = try fields.payload()
      self = .message(peer: try fields.peer(), isBinary: isBinary, bytes)
    case "disconnect":
      self = .disconnect(
        peer: try fields.peer(), isLost: try fields.flag("lost"), code: UInt16(try fields.integer("code", 0...65_535)),
        reason: try fields.text("reason"))
    case "departures": self = .departures
    case "timer": self = .timer(name: try fields.text("name"), due: UInt64(try fields.integer("due")))
    case "drain": self = .drain(seconds: try fields.integer("seconds"))
    case let other: throw FieldMistake("there is no event '\(other)'")
    }
  }
}

extension RecordedEvent.Hearing {
  fileprivate init(_ value: TalkValue) throws(FieldMistake) {
    let fields = try FieldReader(value)
    peer = try fields.peer()
    guard let closed = fields.find("closed") else {
      let (bytes, isBinary) = try fields.payload()
      heard = isBinary ? .binary(bytes) : .text(bytes)
      return
    }
    let code = closed == .null ? nil : UInt16(try fields.integer("closed", 0...65_535))
    heard = .closed(code: code, reason: try fields.bytes("reason"))
  }
}

extension RecordedRequest {
  fileprivate init(_ fields: FieldReader) throws(FieldMistake) {
    method = try fields.text("method")
    target = try fields.text("target")
    minorVersion = try fields.integer("minor", 0...9)
    headers = try fields.headers()
    address = try fields.text("address")
  }
}

extension RecordedVerdict {
  fileprivate init(_ fields: FieldReader) throws(FieldMistake) {
    if let refused = fields.find("refused") {
      self = .refused(try RecordedAnswer(FieldReader(refused)))
      return
    }
    let accepted = try fields.value("accepted")
    self = .accepted(subprotocol: accepted == .bool(true) ? nil : try fields.text("accepted"))
  }
}

extension RecordedAnswer {
  fileprivate init(_ fields: FieldReader) throws(FieldMistake) {
    status = try fields.integer("status", 100...999)
    headers = try fields.headers()
    body = try fields.payload().bytes
  }
}

extension FieldReader {
  fileprivate func peer() throws(FieldMistake) -> Int { try integer("peer", 1...Int64(Int32.max)) }

  fileprivate func payload() throws(FieldMistake) -> (bytes: [UInt8], isBinary: Bool) {
    if find("text") != nil { return (try bytes("text"), false) }
    guard let bytes = Base64.decode(try bytes("binary")) else { throw FieldMistake("'binary' is not base64") }
    return (bytes, true)
  }

  fileprivate func headers() throws(FieldMistake) -> [HeaderField] {
    try pairs("headers").map { name, value throws(FieldMistake) in
      guard let field = HeaderField(name, value) else { throw FieldMistake("'headers' holds what is no header") }
      return field
    }
  }
}
