/// What is known of a value without running the script. Whatever it says of the kind, the value may be nil or false,
/// unless it is certain.
struct Value: Equatable {
  enum Kind: Equatable {
    case unknown
    case absent
    case boolean
    case number
    case string
    case table
    /// What `relay.settings` answers.
    case settings
    case function
    /// peer, lobby, mount, message or request.
    case reference(String)
    /// An array of references.
    case list(String)
    /// A table of functions: `random`, `string`.
    case library(String)
    /// `_ENV`.
    case environment
  }

  var kind = Kind.unknown
  var isCertain = false
  /// A string that is written there.
  var text: String?
  /// A number that is written there.
  var number: Double?
  /// The names of the fields of a table that is written there, or of settings; nil when there may be others.
  var names: Set<String>?

  static func literal(number text: String) -> Value {
    Value(kind: .number, isCertain: true, number: Spelling.number(in: text))
  }

  static let unknown = Value()
  static func certain(_ kind: Kind) -> Value { Value(kind: kind, isCertain: true) }
  static func possible(_ kind: Kind) -> Value { Value(kind: kind) }

  /// What is known when it is either of two.
  func joined(_ other: Value) -> Value {
    if self == other { return self }
    if kind == .absent { return .possible(other.kind) }
    if other.kind == .absent { return .possible(kind) }
    guard kind == other.kind else { return .unknown }
    return Value(kind: kind, isCertain: isCertain && other.isCertain)
  }

  /// The word for it in messages.
  var name: String {
    switch kind {
    case .unknown: "value"
    case .absent: "nil"
    case .boolean: "boolean"
    case .number: "number"
    case .string: "string"
    case .table, .settings, .list, .library, .environment: "table"
    case .function: "function"
    case .reference(let receiver): receiver
    }
  }
}
