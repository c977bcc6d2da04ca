extension JSONScanner {
  /// Passes a string (RFC 8259 §7); the position is at its opening quote.
  ///
  /// The text is known to be UTF-8, so only quotes, escapes and control characters matter. Most keys
  /// and short values end within the first 16 bytes; bodies go 64 at a time.
  @inline(__always)
  mutating func string() -> JSONToken {
    position &+= 1
    if count &- position >= 16 {
      let special = unsafe JSONBlock.special16(base + position)
      let length = special.trailingZeroBitCount
      if special != 0, byte(position &+ length) == UInt8(ascii: "\"") {
        position &+= length &+ 1
        return .string
      }
    }
    return longString()
  }

  @inline(never)
  private mutating func longString() -> JSONToken {
    var token = JSONToken.string
    while position < count {
      var (special, width) = block()
      let start = position
      position = start &+ width
      while special != 0 {
        let offset = special.trailingZeroBitCount
        let found = byte(start &+ offset)
        if found == UInt8(ascii: "\"") {
          position = start &+ offset &+ 1
          return token
        }
        guard found == UInt8(ascii: "\\") else { return .broken }
        let length = escapeLength(at: start &+ offset)
        guard length > 0 else { return .broken }
        token = .escapedString
        let end = offset &+ length
        guard end < 64 else {
          position = max(position, start &+ end)
          break
        }
        special &= ~0 &<< UInt64(end)
        position = max(position, start &+ end)
      }
    }
    return .broken
  }

  /// The special bytes from the position on, and how many bytes were looked at (at least one).
  @inline(__always)
  private func block() -> (special: UInt64, width: Int) {
    let left = count &- position
    if left >= 64 { return unsafe (JSONBlock.special64(base + position), 64) }
    if left >= 16 { return unsafe (JSONBlock.special16(base + position), 16) }
    if count >= 16 {
      // The last 16 bytes of the text, less those already behind the position.
      return unsafe (JSONBlock.special16(base + count - 16) &>> UInt64(16 &- left), left)
    }
    var special: UInt64 = 0
    for offset in 0..<left {
      let next = byte(position &+ offset)
      if next < 0x20 || next == UInt8(ascii: "\"") || next == UInt8(ascii: "\\") { special |= 1 &<< UInt64(offset) }
    }
    return (special, left)
  }

  /// Bytes of the escape whose backslash is at `start`: 2, 6 for `\u`, or 0 when it is none.
  @inline(__always)
  private func escapeLength(at start: Int) -> Int {
    guard start &+ 1 < count else { return 0 }
    let kind = byte(start &+ 1)
    if kind == UInt8(ascii: "u") { return hexadecimal(start &+ 2) != nil ? 6 : 0 }
    return Self.isShortEscape(kind) ? 2 : 0
  }

  /// Whether `\` and this byte make an escape of two bytes: one of `" / \ b f n r t`.
  @inline(__always)
  static func isShortEscape(_ kind: UInt8) -> Bool {
    let low: UInt64 = 1 << 0x22 | 1 << 0x2F
    let high: UInt64 = 1 << 0x1C | 1 << 0x22 | 1 << 0x26 | 1 << 0x2E | 1 << 0x32 | 1 << 0x34
    guard kind < 0x80 else { return false }
    return ((kind & 0x40 == 0 ? low : high) &>> UInt64(kind & 0x3F)) & 1 == 1
  }

  /// The value of the four hexadecimal digits at `start`; nil when one is missing or something else.
  func hexadecimal(_ start: Int) -> UInt16? {
    guard count - start >= 4 else { return nil }
    var unit: UInt16 = 0
    for offset in start..<start + 4 {
      let digit = byte(offset)
      let value: UInt8
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = digit - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): value = digit - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): value = digit - UInt8(ascii: "A") + 10
      default: return nil
      }
      unit = unit << 4 | UInt16(value)
    }
    return unit
  }
}
