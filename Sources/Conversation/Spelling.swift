/// Which bytes may stand where.
enum Spelling {
  static func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

  static func isUpper(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") }

  static func isLetter(_ byte: UInt8) -> Bool { isUpper(byte & 0xDF) && byte < 0x80 }

  /// Within `$name`, a setting's or a limit's name.
  static func isNameByte(_ byte: UInt8) -> Bool { isLetter(byte) || isDigit(byte) || byte == UInt8(ascii: "_") }

  static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

  /// A header field's name (RFC 9110 §5.6.2).
  static func isToken(_ bytes: [UInt8]) -> Bool {
    !bytes.isEmpty && bytes.allSatisfy { isLetter($0) || isDigit($0) || "!#$%&'*+-.^_`|~".utf8.contains($0) }
  }

  static func appendUTF8(_ scalar: UInt32, to text: inout [UInt8]) {
    switch scalar {
    case 0..<0x80: text.append(UInt8(scalar))
    case 0x80..<0x800: text += [UInt8(0xC0 | scalar >> 6), continuation(scalar)]
    case 0x800..<0x10000: text += [UInt8(0xE0 | scalar >> 12), continuation(scalar >> 6), continuation(scalar)]
    default:
      text += [
        UInt8(0xF0 | (scalar >> 18) & 7), continuation(scalar >> 12), continuation(scalar >> 6), continuation(scalar),
      ]
    }
  }

  private static func continuation(_ bits: UInt32) -> UInt8 { UInt8(0x80 | bits & 0x3F) }

  /// Whether `bytes` are UTF-8 (RFC 3629) or the three-byte forms of lone surrogates, which JSON can write as escapes.
  static func isUTF8WithSurrogates(_ bytes: [UInt8]) -> Bool {
    var index = 0
    while index < bytes.count {
      let lead = bytes[index]
      let length: Int
      switch lead {
      case 0..<0x80: length = 1
      case 0xC2...0xDF: length = 2
      case 0xE0...0xEF: length = 3
      case 0xF0...0xF4: length = 4
      default: return false
      }
      guard index + length <= bytes.count else { return false }
      if length > 1 {
        guard bytes[(index + 1)..<(index + length)].allSatisfy({ $0 & 0xC0 == 0x80 }) else { return false }
        let second = bytes[index + 1]
        if lead == 0xE0 && second < 0xA0 || lead == 0xF0 && second < 0x90 || lead == 0xF4 && second > 0x8F {
          return false
        }
      }
      index += length
    }
    return true
  }
}
