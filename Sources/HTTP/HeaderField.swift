import Bytes

/// One header line (RFC 9110 §5). A field that could break out of its line cannot be made.
public struct HeaderField: Sendable, Equatable {
  public let name: String
  public let value: String

  /// Nil if `name` is not a token or `value` holds a control character other than a tab: a carriage
  /// return or line feed in either would let its author write further headers.
  public init?(_ name: String, _ value: String) {
    guard Grammar.isToken(name.utf8), value.utf8.allSatisfy(Grammar.isFieldByte) else { return nil }
    self.init(checkedName: name, value: value)
  }

  /// For a name and value whose bytes have been looked at already.
  init(checkedName name: String, value: String) {
    self.name = name
    self.value = value
  }

  public func isNamed(_ other: String) -> Bool { Grammar.equalsIgnoringCase(name, other) }
}

/// What request and response heads share: fields in the order they came.
public protocol HeaderFields {
  var headers: [HeaderField] { get }
}

extension HeaderFields {
  /// The value of the first field of that name, whatever its case.
  public func header(_ name: String) -> String? {
    headers.first { $0.isNamed(name) }?.value
  }

  /// The values of all fields of that name, in order.
  public func values(_ name: String) -> [String] {
    headers.filter { $0.isNamed(name) }.map(\.value)
  }

  /// The members of a comma-separated list, over all fields of that name; empty ones are left out
  /// (RFC 9110 §5.6.1).
  public func list(_ name: String) -> [String] {
    values(name).flatMap { value in
      value.utf8.split(separator: UInt8(ascii: ",")).map { String(Grammar.trimmed($0)) ?? "" }.filter { !$0.isEmpty }
    }
  }

  /// Whether a list such as `Connection: keep-alive, Upgrade` has the member `token`, whatever its case.
  public func lists(_ name: String, _ token: String) -> Bool {
    list(name).contains { Grammar.equalsIgnoringCase($0, token) }
  }
}
