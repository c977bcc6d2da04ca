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

  /// Blocks follow each other at fixed distances, so that the next one is loaded before the escapes of this
  /// one are done with; `carry` counts the bytes of an escape that reach into the next.
  @inline(never)
  private mutating func longString() -> JSONToken {
    var token = JSONToken.string
    var carry = 0
    while position < count {
      if count &- position >= 64 {
        var block = unsafe JSONBlock64(base + position)
        block.skip(carry)
        if block.isPlain {
          if block.backslashes != 0 { token = .escapedString }
          carry = 0
          position &+= 64
          continue
        }
      }
      var (special, width) = block()
      special &= ~0 &<< UInt64(carry)
      carry = max(carry &- width, 0)
      while special != 0 {
        let offset = special.trailingZeroBitCount
        let found = position &+ offset
        guard byte(found) == UInt8(ascii: "\\") else {
          position = found &+ 1
          return byte(found) == UInt8(ascii: "\"") ? token : .broken
        }
        guard found &+ 1 < count else { return .broken }
        token = .escapedString
        if Self.isShortEscape(byte(found &+ 1)) {
          // Also the escaped byte, which may be a quote or a backslash.
          special &= ~(3 &<< UInt64(offset))
          if offset &+ 1 == width { carry = 1 }
        } else {
          guard byte(found &+ 1) == UInt8(ascii: "u"), hexadecimal(found &+ 2) != nil else { return .broken }
          special &= special &- 1
          carry = max(offset &+ 6 &- width, 0)
        }
      }
      position &+= width
    }
    return .broken
  }

  /// The special bytes from the position on, and how many bytes were looked at (at least one).
  @inline(__always)
  private func block() -> (special: UInt64, width: Int) {
    let left = count &- position
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
