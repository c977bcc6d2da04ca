extension ByteQueue {
  /// Appends `bytes` as a JSON string: in quotes, with `"`, `\` and control characters escaped.
  ///
  /// False, and nothing appended, when the bytes are not UTF-8.
  public mutating func append(quoted bytes: UnsafeRawBufferPointer) -> Bool {
    guard unsafe UTF8Validator.isValid(bytes) else { return false }
    unsafe append(quotedUTF8: bytes)
    return true
  }

  /// The same for bytes that are known to be UTF-8.
  mutating func append(quotedUTF8 bytes: UnsafeRawBufferPointer) {
    reserve(bytes.count + 2)
    append(UInt8(ascii: "\""))
    var position = 0
    while position < bytes.count {
      let run = unsafe JSONEscape.plainRun(bytes, from: position)
      if run > position {
        unsafe append(UnsafeRawBufferPointer(rebasing: bytes[position..<run]))
      }
      if run < bytes.count { append(JSONEscape.escape(of: unsafe bytes[run])) }
      position = run + 1
    }
    append(UInt8(ascii: "\""))
  }

  private mutating func append(_ escape: JSONEscape) {
    append(UInt8(ascii: "\\"))
    append(escape.letter)
    guard escape.letter == UInt8(ascii: "u") else { return }
    append("00")
    append(UInt8(ascii: "0") + escape.control >> 4)
    let low = escape.control & 0x0F
    append(low < 10 ? UInt8(ascii: "0") + low : UInt8(ascii: "a") + low - 10)
  }
}

/// How one byte that may not stand in a JSON string is written (RFC 8259 §7).
struct JSONEscape {
  /// What follows the backslash; `u` is followed by `00` and the control character in hexadecimal.
  let letter: UInt8
  let control: UInt8

  static func escape(of byte: UInt8) -> JSONEscape {
    let letter: UInt8
    switch byte {
    case 0x08: letter = UInt8(ascii: "b")
    case 0x09: letter = UInt8(ascii: "t")
    case 0x0A: letter = UInt8(ascii: "n")
    case 0x0C: letter = UInt8(ascii: "f")
    case 0x0D: letter = UInt8(ascii: "r")
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): letter = byte
    default: letter = UInt8(ascii: "u")
    }
    return JSONEscape(letter: letter, control: byte)
  }

  /// The end of the bytes from `start` on that need no escape.
  static func plainRun(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
    var position = start
    if let base = bytes.baseAddress {
      while bytes.count - position >= 16 {
        let special = unsafe JSONBlock.special16(base + position)
        if special != 0 { return position + special.trailingZeroBitCount }
        position += 16
      }
    }
    while position < bytes.count {
      let byte = unsafe bytes[position]
      if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { break }
      position += 1
    }
    return position
  }
}
