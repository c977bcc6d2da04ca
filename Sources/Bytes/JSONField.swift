/// Where a member of a JSON object, or an element of an array, stands in its text.
///
/// Offsets are bytes from the start of the text; a field means something only together with the text it
/// was found in.
public struct JSONField: Equatable, Sendable {
  public enum Kind: UInt8, Sendable {
    case object, array, string, number, bool, null
  }

  public var kind: Kind
  /// The name or the string value has a backslash in it; the number has neither fraction nor exponent.
  var keyIsEscaped: Bool
  var valueIsEscaped: Bool
  var valueIsInteger: Bool
  /// A number that is written as an integer: neither fraction nor exponent.
  public var isInteger: Bool { kind == .number && valueIsInteger }
  /// The name between its quotes. Both ends are equal to `valueStart` for an element, which has no name.
  public var keyStart: Int32
  public var keyEnd: Int32
  /// The value with its quotes or brackets, without white space around it.
  public var valueStart: Int32
  public var valueEnd: Int32

  init() {
    kind = .null
    keyIsEscaped = false
    valueIsEscaped = false
    valueIsInteger = false
    keyStart = 0
    keyEnd = 0
    valueStart = 0
    valueEnd = 0
  }

  /// Records the value that `token` stands for. False when it was broken.
  @inline(__always)
  mutating func setValue(_ token: JSONToken, from start: Int, to end: Int) -> Bool {
    valueIsEscaped = false
    valueIsInteger = false
    switch token {
    case .broken: return false
    case .object: kind = .object
    case .array: kind = .array
    case .string: kind = .string
    case .escapedString:
      kind = .string
      valueIsEscaped = true
    case .integer:
      kind = .number
      valueIsInteger = true
    case .number: kind = .number
    case .bool: kind = .bool
    case .null: kind = .null
    }
    valueStart = Int32(truncatingIfNeeded: start)
    valueEnd = Int32(truncatingIfNeeded: end)
    return true
  }

  /// The value's bytes: the JSON text of this field alone.
  public var valueRange: Range<Int> { Int(valueStart)..<Int(valueEnd) }

  /// A member from the quote before its name to the end of its value.
  var memberRange: Range<Int> { Int(keyStart) - 1..<Int(valueEnd) }

  /// The first byte of the value; `true` and `false` differ in it.
  public func bool(in text: UnsafeRawBufferPointer) -> Bool? {
    guard kind == .bool else { return nil }
    return unsafe value(in: text)[0] == UInt8(ascii: "t")
  }

  /// The value's bytes within `text`, which must be the text of this field.
  @inline(__always)
  func value(in text: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    guard let base = text.baseAddress, valueStart >= 0, valueStart < valueEnd, Int(valueEnd) <= text.count else {
      preconditionFailure("not the text of this field")
    }
    return unsafe UnsafeRawBufferPointer(start: base + Int(valueStart), count: Int(valueEnd &- valueStart))
  }

  /// The string's bytes as they stand between its quotes; nil when the value is no string.
  public func stringBody(in text: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
    guard kind == .string else { return nil }
    let quoted = unsafe value(in: text)
    return unsafe UnsafeRawBufferPointer(rebasing: quoted[1..<quoted.count - 1])
  }

  /// The string without a copy; nil when the value is no string or has escapes to undo.
  public func plainString(in text: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
    valueIsEscaped ? nil : unsafe stringBody(in: text)
  }

  /// Whether a name of `length` bytes can be this one; cheap, and right but for escapes.
  @inline(__always)
  func mayHaveKey(of length: Int) -> Bool { keyIsEscaped || Int(keyEnd &- keyStart) == length }

  /// Whether the name, its escapes undone, is `key`.
  @inline(__always)
  func isNamed(_ key: UnsafeRawBufferPointer, in text: UnsafeRawBufferPointer) -> Bool {
    let length = Int(keyEnd &- keyStart)
    if keyIsEscaped { return unsafe JSONUnescape.equal(text, Int(keyStart)..<Int(keyEnd), key) }
    guard length == key.count else { return false }
    return unsafe JSONField.sameBytes(text, Int(keyStart), key)
  }

  /// Compares all of `key` with as many bytes of `text`, eight at a time.
  @inline(__always)
  private static func sameBytes(_ text: UnsafeRawBufferPointer, _ start: Int, _ key: UnsafeRawBufferPointer) -> Bool {
    var offset = 0
    while key.count &- offset >= 8 {
      let left = unsafe text.loadUnaligned(fromByteOffset: start &+ offset, as: UInt64.self)
      guard unsafe left == key.loadUnaligned(fromByteOffset: offset, as: UInt64.self) else { return false }
      offset &+= 8
    }
    while offset < key.count {
      guard unsafe text[start &+ offset] == key[offset] else { return false }
      offset &+= 1
    }
    return true
  }
}
