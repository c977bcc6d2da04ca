/// A value that outlives the script that made it: attributes and timer arguments.
public enum PlainValue: Equatable, Sendable {
  case bool(Bool)
  case integer(Int64)
  case number(Double)
  case text([UInt8])

  /// Whether a script sees the same value: 1 and 1.0 are (Lua 5.4 §3.4.4).
  func isSame(as other: PlainValue) -> Bool {
    switch (self, other) {
    case (.integer(let integer), .number(let number)), (.number(let number), .integer(let integer)):
      Int64(exactly: number) == integer
    default: self == other
    }
  }

  /// Bytes counted against the attribute limit.
  public var byteCount: Int {
    switch self {
    case .bool, .integer, .number: 8
    case .text(let bytes): bytes.count
    }
  }
}
