/// A value that outlives the script that made it: attributes and timer arguments.
public enum PlainValue: Equatable, Sendable {
  case bool(Bool)
  case integer(Int64)
  case number(Double)
  case text([UInt8])

  /// Bytes counted against the attribute limit.
  public var byteCount: Int {
    switch self {
    case .bool, .integer, .number: 8
    case .text(let bytes): bytes.count
    }
  }
}
