/// Undoes the escapes of a JSON string body that a scan has validated (RFC 8259 §7).
enum JSONUnescape {
  /// One step through a body: a run of plain bytes, or one character that was escaped.
  private enum Piece {
    case run(Range<Int>)
    case scalar(UInt32, isWhole: Bool)
  }

  /// Writes the body in `range` of `text` to `output`, which has at least as many bytes.
  ///
  /// A surrogate without its other half becomes U+FFFD, three bytes for the six it was written with.
  /// Answers the bytes written, and whether every surrogate had its half.
  static func write(
    _ text: UnsafeRawBufferPointer, _ range: Range<Int>, to output: UnsafeMutableRawBufferPointer
  ) -> (count: Int, isWellFormed: Bool) {
    precondition(output.count >= range.count)
    var written = 0
    var isWellFormed = true
    var position = range.lowerBound
    while let piece = unsafe next(text, &position, range.upperBound) {
      switch piece {
      case .run(let run):
        unsafe UnsafeMutableRawBufferPointer(rebasing: output[written..<written + run.count])
          .copyMemory(from: UnsafeRawBufferPointer(rebasing: text[run]))
        written += run.count
      case .scalar(let scalar, let isWhole):
        isWellFormed = isWellFormed && isWhole
        for byte in utf8(scalar) {
          unsafe output[written] = byte
          written += 1
        }
      }
    }
    return (written, isWellFormed)
  }

  /// Whether the body in `range` of `text`, its escapes undone, is `other`.
  static func equal(_ text: UnsafeRawBufferPointer, _ range: Range<Int>, _ other: UnsafeRawBufferPointer) -> Bool {
    var compared = 0
    var position = range.lowerBound
    while let piece = unsafe next(text, &position, range.upperBound) {
      switch piece {
      case .run(let run):
        guard other.count - compared >= run.count,
          unsafe text[run].elementsEqual(other[compared..<compared + run.count])
        else { return false }
        compared += run.count
      case .scalar(let scalar, _):
        for byte in utf8(scalar) {
          guard compared < other.count, unsafe other[compared] == byte else { return false }
          compared += 1
        }
      }
    }
    return compared == other.count
  }

  @inline(__always)
  private static func next(_ text: UnsafeRawBufferPointer, _ position: inout Int, _ end: Int) -> Piece? {
    guard position < end, let scanner = unsafe JSONScanner(text, at: position) else { return nil }
    let start = position
    if scanner.byte(start) != UInt8(ascii: "\\") {
      // A validated body has neither quotes nor control characters, so a special byte is a backslash.
      while end - position >= 16 {
        let backslashes = unsafe JSONBlock.special16(scanner.base + position)
        position &+= backslashes == 0 ? 16 : backslashes.trailingZeroBitCount
        if backslashes != 0 { return .run(start..<position) }
      }
      while position < end, scanner.byte(position) != UInt8(ascii: "\\") { position &+= 1 }
      return .run(start..<position)
    }
    let kind = scanner.byte(start + 1)
    position += 2
    switch kind {
    case UInt8(ascii: "b"): return .scalar(0x08, isWhole: true)
    case UInt8(ascii: "f"): return .scalar(0x0C, isWhole: true)
    case UInt8(ascii: "n"): return .scalar(0x0A, isWhole: true)
    case UInt8(ascii: "r"): return .scalar(0x0D, isWhole: true)
    case UInt8(ascii: "t"): return .scalar(0x09, isWhole: true)
    case UInt8(ascii: "u"): return hexadecimal(scanner, &position, end)
    default: return .scalar(UInt32(kind), isWhole: true)
    }
  }

  /// A `\u` escape whose digits begin at `position`, with the one after it when they are a pair.
  private static func hexadecimal(_ scanner: JSONScanner, _ position: inout Int, _ end: Int) -> Piece? {
    guard let unit = scanner.hexadecimal(position) else { return nil }
    position += 4
    guard unit & 0xF800 == 0xD800 else { return .scalar(UInt32(unit), isWhole: true) }
    guard unit < 0xDC00, end - position >= 6,
      scanner.byte(position) == UInt8(ascii: "\\"), scanner.byte(position + 1) == UInt8(ascii: "u"),
      let low = scanner.hexadecimal(position + 2), low & 0xFC00 == 0xDC00
    else { return .scalar(0xFFFD, isWhole: false) }
    position += 6
    return .scalar(0x10000 + UInt32(unit - 0xD800) << 10 + UInt32(low - 0xDC00), isWhole: true)
  }

  /// The UTF-8 bytes of a scalar value that is no surrogate.
  @inline(__always)
  private static func utf8(_ value: UInt32) -> UTF8.EncodedScalar {
    UTF8.encode(Unicode.Scalar(value) ?? "\u{FFFD}") ?? UTF8.encodedReplacementCharacter
  }
}
