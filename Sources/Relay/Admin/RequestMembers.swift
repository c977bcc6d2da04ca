import Bytes

/// The members of the JSON object that an operator has sent, taken by name. None is there twice and none has another
/// name than those that were asked for.
struct RequestMembers: ~Copyable {
  private let body: [UInt8]
  private let names: [String]
  private var index = JSONIndex()

  init(_ body: [UInt8], names: [String]) throws(OperatorAnswer) {
    self.body = body
    self.names = names
    let shape = unsafe body.withUnsafeBytes { unsafe index.scan($0, depthMax: 1) }
    guard UTF8Validator.isValid(body), shape == .object else {
      throw OperatorAnswer(400, error: "send a JSON object with \(names.joined(separator: ", "))")
    }
    let known = names.filter { field($0) != nil }.count
    guard known == index.memberCount else {
      throw OperatorAnswer(400, error: "a request has \(names.joined(separator: ", ")), each once, and nothing else")
    }
  }

  private func field(_ name: String) -> JSONField? {
    let key = Array(name.utf8)
    return unsafe body.withUnsafeBytes { body in
      unsafe key.withUnsafeBytes { unsafe index.field($0, in: body) }
    }
  }

  func text(_ name: String) throws(OperatorAnswer) -> String? {
    guard let field = field(name) else { return nil }
    var queue = ByteQueue()
    let answer = unsafe body.withUnsafeBytes { unsafe field.string(in: $0, into: &queue) }
    guard answer == .appended else { throw OperatorAnswer(422, error: "'\(name)' is not a string") }
    return unsafe queue.withBytes { unsafe String(decoding: $0, as: UTF8.self) }
  }

  func integer(_ name: String, in range: ClosedRange<Int>) throws(OperatorAnswer) -> Int? {
    guard let field = field(name) else { return nil }
    let value = unsafe body.withUnsafeBytes { unsafe field.integer(in: $0) }
    guard let value, field.isInteger, range.contains(Int(value)) else {
      let bounds = "\(range.lowerBound) to \(range.upperBound)"
      throw OperatorAnswer(422, error: "'\(name)' is not a whole number from \(bounds)")
    }
    return Int(value)
  }

  func required(_ name: String) throws(OperatorAnswer) -> String {
    guard let text = try text(name) else { throw OperatorAnswer(422, error: "'\(name)' is missing") }
    return text
  }
}
