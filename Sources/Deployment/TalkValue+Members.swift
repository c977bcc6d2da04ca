import Conversation

/// JSON taken apart.
extension TalkValue {
  /// A member of an object; nil where there is none.
  public subscript(_ name: String) -> TalkValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.key == Array(name.utf8) }?.value
  }

  /// A string that is UTF-8.
  public var text: String? {
    guard case .string(let bytes) = self else { return nil }
    return String(validating: bytes, as: UTF8.self)
  }

  public var number: Int? {
    guard case .integer(let number) = self else { return nil }
    return Int(exactly: number)
  }

  /// A number, rounded down.
  public var floor: Int? {
    if case .double(let number) = self { return Int(exactly: number.rounded(.down)) }
    return number
  }

  /// In their order; nil unless it is an object.
  public var members: [Member]? {
    if case .object(let members) = self { return members }
    return nil
  }

  public var flag: Bool? {
    guard case .bool(let flag) = self else { return nil }
    return flag
  }

  /// Whether it is an object or a list.
  public var isStructured: Bool {
    switch self {
    case .object, .array: true
    default: false
    }
  }

  public var elements: [TalkValue]? {
    guard case .array(let elements) = self else { return nil }
    return elements
  }

  /// A list of strings.
  public var texts: [String]? {
    guard let elements else { return nil }
    let texts = elements.compactMap(\.text)
    return texts.count == elements.count ? texts : nil
  }

  /// An object of strings, in its order.
  public var assignments: [(name: String, value: String)]? {
    guard case .object(let members) = self else { return nil }
    var found: [(name: String, value: String)] = []
    for member in members {
      guard let name = String(validating: member.key, as: UTF8.self), let value = member.value.text else { return nil }
      found.append((name, value))
    }
    return found
  }

  public static func list(_ texts: [String]) -> TalkValue { .array(texts.map { .string($0) }) }

  public static func object(_ assignments: [(name: String, value: String)]) -> TalkValue {
    .object(assignments.map { Member($0.name, .string($0.value)) })
  }
}
