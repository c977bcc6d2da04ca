import Conversation

/// The members of a JSON object, taken by name.
struct RequestFields {
  private let object: TalkValue

  init(parsing bytes: [UInt8], names: [String]) throws(DeployRefusal) {
    do throws(JSONMistake) {
      object = try TalkValue(parsing: bytes)
    } catch {
      throw DeployRefusal(400, "the request is not JSON: \(error.message) at byte \(error.offset)")
    }
    guard case .object(let members) = object else { throw DeployRefusal(400, "the request is not a JSON object") }
    for member in members {
      let name = String(decoding: member.key, as: UTF8.self)
      guard names.contains(name) else {
        throw DeployRefusal(400, "the request has no member '\(name)': there are \(names.joined(separator: ", "))")
      }
    }
    guard Set(members.map(\.key)).count == members.count else {
      throw DeployRefusal(400, "a member of the request is there twice")
    }
  }

  func optional<Value>(
    _ name: String, _ wanted: String, _ take: (TalkValue) -> Value?
  ) throws(DeployRefusal) -> Value? {
    guard let value = object[name] else { return nil }
    guard let taken = take(value) else { throw DeployRefusal(400, "'\(name)' is not \(wanted)") }
    return taken
  }

  func required<Value>(
    _ name: String, _ wanted: String, _ take: (TalkValue) -> Value?
  ) throws(DeployRefusal) -> Value {
    guard let value = try optional(name, wanted, take) else {
      throw DeployRefusal(400, "'\(name)' is missing: \(wanted)")
    }
    return value
  }
}
