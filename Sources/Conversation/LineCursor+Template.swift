extension LineCursor {
  /// `"text"` with the escapes \n \r \t \0 \" \\ \$ \xHH \u{HEX} and `$name`.
  mutating func quoted(_ what: String, example: String) throws(TalkError) -> Template {
    guard peek == UInt8(ascii: "\"") else { throw expected("\(what) in double quotes", example: example) }
    var template = Template()
    skip(1)
    while let byte = peek {
      switch byte {
      case UInt8(ascii: "\""):
        skip(1)
        guard atEnd || peek.map(Spelling.isSpace) == true else {
          throw expected("a space after the closing quote", example: example)
        }
        skipSpace()
        return template
      case UInt8(ascii: "\\"): template.append(try escape(example: example))
      case UInt8(ascii: "$"): try appendName(to: &template, example: example)
      default:
        template.append(byte)
        skip(1)
      }
    }
    throw expected("a closing quote", example: example)
  }

  /// One word with `$name` in it, or the same in quotes.
  mutating func wordTemplate(_ what: String, example: String) throws(TalkError) -> Template {
    if peek == UInt8(ascii: "\"") { return try quoted(what, example: example) }
    guard !atEnd else { throw expected(what, example: example) }
    var template = Template()
    while let byte = peek, !Spelling.isSpace(byte) {
      if byte == UInt8(ascii: "$") {
        try appendName(to: &template, example: example)
      } else {
        template.append(byte)
        skip(1)
      }
    }
    skipSpace()
    return template
  }

  /// `$name` or `${name}`.
  private mutating func appendName(to template: inout Template, example: String) throws(TalkError) {
    skip(1)
    let braced = peek == UInt8(ascii: "{")
    if braced { skip(1) }
    let length = bytes[index...].prefix { Spelling.isNameByte($0) }.count
    guard length > 0, length <= TalkLimits.wordBytesMax else {
      throw expected("a name after $ (write \\$ for the character itself)", example: example)
    }
    let name = String(decoding: bytes[index..<(index + length)], as: UTF8.self)
    skip(length)
    if braced {
      guard peek == UInt8(ascii: "}") else { throw expected("} after the name", example: example) }
      skip(1)
    }
    template.append(name: name)
  }

  private mutating func escape(example: String) throws(TalkError) -> [UInt8] {
    skip(1)
    guard let byte = peek else { throw expected("an escape after \\", example: example) }
    skip(1)
    switch byte {
    case UInt8(ascii: "n"): return [0x0A]
    case UInt8(ascii: "r"): return [0x0D]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "0"): return [0]
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "$"): return [byte]
    case UInt8(ascii: "x"):
      let digits = bytes[index...].prefix(2).compactMap(Hex.digit)
      guard digits.count == 2 else { throw error("expected two hexadecimal digits after \\x", example: example) }
      skip(2)
      return [digits[0] << 4 | digits[1]]
    case UInt8(ascii: "u"): return try unicodeEscape(example: example)
    default:
      throw error("no such escape; there are \\n \\r \\t \\0 \\\" \\\\ \\$ \\xHH \\u{HEX}", back: 2, example: example)
    }
  }

  private mutating func unicodeEscape(example: String) throws(TalkError) -> [UInt8] {
    var value: UInt32 = 0
    var length = 0
    let ahead = bytes[index...]
    if ahead.first == UInt8(ascii: "{") {
      let digits = ahead.dropFirst().prefix { Hex.digit($0) != nil }
      if (1...6).contains(digits.count), ahead.dropFirst(digits.count + 1).first == UInt8(ascii: "}") {
        for digit in digits.compactMap(Hex.digit) { value = value << 4 | UInt32(digit) }
        length = digits.count + 2
      }
    }
    guard length > 0, Unicode.Scalar(value) != nil else {
      throw error("expected a character such as \\u{1F600}", example: example)
    }
    skip(length)
    var bytes: [UInt8] = []
    Spelling.appendUTF8(value, to: &bytes)
    return bytes
  }

  /// Pairs of hexadecimal digits to the end of the line, spaces anywhere between pairs.
  mutating func hex(example: String) throws(TalkError) -> [UInt8] {
    var out: [UInt8] = []
    while !atEnd {
      let digits = bytes[index...].prefix(2).compactMap(Hex.digit)
      guard digits.count == 2 else { throw expected("pairs of hexadecimal digits", example: example) }
      out.append(digits[0] << 4 | digits[1])
      skip(2)
      skipSpace()
    }
    return out
  }
}
