extension JSONReader {
  /// RFC 8259 §7, escapes undone. Raw bytes must be UTF-8.
  mutating func readString() throws(JSONMistake) -> [UInt8] {
    index += 1
    var text: [UInt8] = []
    while index < bytes.count {
      let byte = bytes[index]
      index += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard Spelling.isUTF8WithSurrogates(text) else { throw mistake("a string that is not UTF-8") }
        return text
      case UInt8(ascii: "\\"): try readEscape(into: &text)
      case 0..<0x20: throw mistake("a control character within a string; write it as an escape such as \\n")
      default: text.append(byte)
      }
    }
    throw mistake("expected \" at the end of a string")
  }

  private mutating func readEscape(into text: inout [UInt8]) throws(JSONMistake) {
    guard index < bytes.count else { throw mistake("expected an escape after \\") }
    let byte = bytes[index]
    index += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "u"): try readUnicodeEscape(into: &text)
    default: throw mistake("no such escape in JSON")
    }
  }

  private mutating func readUnicodeEscape(into text: inout [UInt8]) throws(JSONMistake) {
    var scalar = try readUnit()
    if scalar & 0xFC00 == 0xD800, bytes[index...].starts(with: "\\u".utf8) {
      let behindFirst = index
      index += 2
      let second = try readUnit()
      if second & 0xFC00 == 0xDC00 {
        scalar = 0x10000 + (scalar & 0x3FF) << 10 + (second & 0x3FF)
      } else {
        index = behindFirst
      }
    }
    Spelling.appendUTF8(scalar, to: &text)
  }

  private mutating func readUnit() throws(JSONMistake) -> UInt32 {
    guard index + 4 <= bytes.count else { throw mistake("expected four hexadecimal digits after \\u") }
    var unit: UInt32 = 0
    for byte in bytes[index..<(index + 4)] {
      guard let digit = Hex.digit(byte) else { throw mistake("expected four hexadecimal digits after \\u") }
      unit = unit << 4 | UInt32(digit)
    }
    index += 4
    return unit
  }
}
