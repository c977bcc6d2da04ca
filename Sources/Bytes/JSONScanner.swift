/// A cursor over one JSON text that validates what it passes, strictly by RFC 8259.
///
/// Every read is inside `count`. A step that answers "broken" leaves the position somewhere in the text
/// and the scanner is not used further. The text outlives the scanner: it lives inside one call.
@safe
struct JSONScanner {
  let base: UnsafeRawPointer
  let count: Int
  var position: Int

  /// Nil for an empty text, which is no JSON text, and for one whose offsets do not fit 32 bits.
  @inline(__always)
  init?(_ text: UnsafeRawBufferPointer, at position: Int) {
    guard let start = text.baseAddress, text.count > 0, text.count < Int(Int32.max) else { return nil }
    unsafe base = start
    count = text.count
    self.position = position
  }

  /// The byte at an offset below `count`.
  @inline(__always)
  func byte(_ offset: Int) -> UInt8 {
    unsafe base.load(fromByteOffset: offset, as: UInt8.self)
  }

  /// The byte at the position, or 0, which is valid nowhere outside a string, at the end.
  @inline(__always)
  var current: UInt8 { position < count ? byte(position) : 0 }

  @inline(__always)
  mutating func skipSpace() {
    while position < count {
      let next = byte(position)
      guard next <= 0x20, next == 0x20 || next == 0x0A || next == 0x0D || next == 0x09 else { return }
      position &+= 1
    }
  }

  /// Passes `expected` and nothing else; false when something else is there.
  @inline(__always)
  mutating func take(_ expected: UInt8) -> Bool {
    guard current == expected else { return false }
    position &+= 1
    return true
  }

  /// Passes one value and says what it was. `depthMax` counts the arrays and objects it may nest.
  @inline(__always)
  mutating func value(depthMax: Int) -> JSONToken {
    switch current {
    case UInt8(ascii: "\""): return string()
    case UInt8(ascii: "{"): return container(depthMax: depthMax) ? .object : .broken
    case UInt8(ascii: "["): return container(depthMax: depthMax) ? .array : .broken
    default: return number()
    }
  }

  /// Passes a number (RFC 8259 §6) or, because it is the rarer case, a literal.
  @inline(__always)
  mutating func number() -> JSONToken {
    let first = current
    if first == UInt8(ascii: "-") { position &+= 1 }
    let digits = position
    guard skipDigits() else { return first == UInt8(ascii: "-") ? .broken : literal(first) }
    if byte(digits) == UInt8(ascii: "0"), position - digits > 1 { return .broken }
    var token = JSONToken.integer
    if current == UInt8(ascii: ".") {
      position &+= 1
      guard skipDigits() else { return .broken }
      token = .number
    }
    if current | 0x20 == UInt8(ascii: "e") {
      position &+= 1
      if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position &+= 1 }
      guard skipDigits() else { return .broken }
      token = .number
    }
    return token
  }

  /// Passes decimal digits; false when there is none.
  @inline(__always)
  private mutating func skipDigits() -> Bool {
    let start = position
    while position < count, byte(position) &- UInt8(ascii: "0") < 10 { position &+= 1 }
    return position > start
  }

  private mutating func literal(_ first: UInt8) -> JSONToken {
    switch first {
    case UInt8(ascii: "t"): return word("true") ? .bool : .broken
    case UInt8(ascii: "f"): return word("false") ? .bool : .broken
    case UInt8(ascii: "n"): return word("null") ? .null : .broken
    default: return .broken
    }
  }

  private mutating func word(_ expected: StaticString) -> Bool {
    let length = expected.utf8CodeUnitCount
    guard count - position >= length else { return false }
    for offset in 0..<length where unsafe byte(position + offset) != expected.utf8Start[offset] { return false }
    position += length
    return true
  }
}

/// What `JSONScanner` has just passed.
enum JSONToken {
  case broken, object, array
  /// A string without escapes.
  case string
  /// A string in which at least one backslash stands.
  case escapedString
  /// A number without fraction and exponent.
  case integer
  case number, bool, null
}
