import Conversation

/// Takes the members of one JSON object that a recording must have; says which one is missing or is none of its kind.
struct FieldReader {
  private let members: [TalkValue.Member]

  init(_ value: TalkValue) throws(FieldMistake) {
    guard case .object(let members) = value else { throw FieldMistake("expected an object") }
    self.members = members
  }

  func find(_ name: String) -> TalkValue? { members.first { $0.key.elementsEqual(name.utf8) }?.value }

  func value(_ name: String) throws(FieldMistake) -> TalkValue {
    guard let value = find(name) else { throw FieldMistake("'\(name)' is lacking") }
    return value
  }

  func bytes(_ name: String) throws(FieldMistake) -> [UInt8] {
    guard case .string(let bytes) = try value(name) else { throw FieldMistake("'\(name)' is no text") }
    return bytes
  }

  func text(_ name: String) throws(FieldMistake) -> String { String(decoding: try bytes(name), as: UTF8.self) }

  func integer(_ name: String, _ range: ClosedRange<Int64> = 0...Int64.max) throws(FieldMistake) -> Int {
    guard case .integer(let number) = try value(name), range.contains(number) else {
      throw FieldMistake("'\(name)' is no number that can stand there")
    }
    return Int(number)
  }

  func number(_ name: String) throws(FieldMistake) -> Double {
    switch try value(name) {
    case .double(let number): return number
    case .integer(let number): return Double(number)
    default: throw FieldMistake("'\(name)' is no number")
    }
  }

  func flag(_ name: String) throws(FieldMistake) -> Bool {
    guard case .bool(let flag) = try value(name) else { throw FieldMistake("'\(name)' is neither true nor false") }
    return flag
  }

  /// Empty where there is none.
  func list(_ name: String) throws(FieldMistake) -> [TalkValue] {
    guard let value = find(name) else { return [] }
    guard case .array(let elements) = value else { throw FieldMistake("'\(name)' is no list") }
    return elements
  }

  func texts(_ name: String) throws(FieldMistake) -> [String] {
    try list(name).map { element throws(FieldMistake) in try FieldMistake.text(element, name) }
  }

  /// A list of pairs of texts.
  func pairs(_ name: String) throws(FieldMistake) -> [(String, String)] {
    try list(name).map { element throws(FieldMistake) in
      guard case .array(let pair) = element, pair.count == 2 else { throw FieldMistake("'\(name)' has no pairs") }
      return (try FieldMistake.text(pair[0], name), try FieldMistake.text(pair[1], name))
    }
  }
}

/// Why a line is none of a recording.
struct FieldMistake: Error {
  let message: String

  init(_ message: String) { self.message = message }

  static func text(_ value: TalkValue, _ name: String) throws(FieldMistake) -> String {
    guard case .string(let bytes) = value else { throw FieldMistake("'\(name)' holds something that is no text") }
    return String(decoding: bytes, as: UTF8.self)
  }
}
