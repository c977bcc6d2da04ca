/// A value as it stands in a configuration.
public enum ConfigurationValue: Equatable, Sendable {
  case bool(Bool)
  case integer(Int64)
  case number(Double)
  case text(String)
  case table(ConfigurationTable)

  /// What it is, for messages.
  var kind: String {
    switch self {
    case .bool: "a boolean"
    case .integer, .number: "a number"
    case .text: "a string"
    case .table: "a table"
    }
  }
}

/// What stands at positions, in order, and what has names.
public struct ConfigurationTable: Equatable, Sendable {
  public var items: [ConfigurationValue] = []
  public var fields: [Field] = []

  public struct Field: Equatable, Sendable {
    public let name: String
    public var value: ConfigurationValue
  }
}

/// `word(argument, …)`, and where it stands.
struct Statement: Equatable {
  let word: String
  let line: Int
  var arguments: [ConfigurationValue] = []
}

/// A configuration that cannot be used: `file:line: what is wrong`.
public struct ConfigurationError: Error, Equatable, Sendable {
  public let message: String

  public init(message: String) { self.message = message }
}
