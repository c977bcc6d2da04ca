/// Why bytes are not the JSON that was asked for. `offset` counts bytes from 0.
public struct JSONMistake: Error, Sendable, Equatable {
  public let offset: Int
  public let message: String
}

/// Reads JSON (RFC 8259), and in the dialects of `.talk` also `$name`, `$_` and a last `...`.
/// Nesting is bounded by `TalkLimits.depthMax`.
struct JSONReader {
  enum Dialect {
    /// JSON alone.
    case plain
    /// With `$name` for a value or a key.
    case sending
    /// With `$name`, `$_` and `...`; no key twice.
    case hearing
  }

  let bytes: [UInt8]
  let dialect: Dialect
  var index = 0
  /// Where names stand: what a message to be sent has to be filled in at. The `$` is part of the range.
  private(set) var nameRanges: [Range<Int>] = []

  init(_ bytes: [UInt8], dialect: Dialect) {
    self.bytes = bytes
    self.dialect = dialect
  }

  mutating func readWhole() throws(JSONMistake) -> TalkPattern {
    let pattern = try readValue(depth: 0)
    skipSpace()
    guard index == bytes.count else { throw mistake("expected nothing after the JSON value") }
    return pattern
  }

  func mistake(_ message: String) -> JSONMistake { JSONMistake(offset: index, message: message) }

  private var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

  private mutating func skipSpace() {
    while let byte = peek, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { index += 1 }
  }

  private mutating func take(_ byte: Unicode.Scalar) -> Bool {
    guard peek == UInt8(ascii: byte) else { return false }
    index += 1
    return true
  }

  private mutating func takeDots() -> Bool {
    guard dialect == .hearing, bytes[index...].starts(with: "...".utf8) else { return false }
    index += 3
    return true
  }

  private mutating func readValue(depth: Int) throws(JSONMistake) -> TalkPattern {
    skipSpace()
    guard depth < TalkLimits.depthMax else { throw mistake("JSON nested deeper than \(TalkLimits.depthMax)") }
    switch peek {
    case UInt8(ascii: "{"): return try readObject(depth: depth)
    case UInt8(ascii: "["): return try readArray(depth: depth)
    case UInt8(ascii: "\""): return .scalar(.string(try readString()))
    case UInt8(ascii: "$") where dialect != .plain:
      let name = try readName()
      if name != "_" { return .name(name) }
      guard dialect == .hearing else { throw mistake("$_ matches anything, so it cannot be sent") }
      return .anything
    case UInt8(ascii: "t"): return try readWord("true", .bool(true))
    case UInt8(ascii: "f"): return try readWord("false", .bool(false))
    case UInt8(ascii: "n"): return try readWord("null", .null)
    case let byte? where byte == UInt8(ascii: "-") || Spelling.isDigit(byte): return .scalar(try readNumber())
    default: throw mistake("expected a JSON value")
    }
  }

  private mutating func readWord(_ word: StaticString, _ value: TalkValue) throws(JSONMistake) -> TalkPattern {
    let text = Array(word.description.utf8)
    guard bytes[index...].starts(with: text) else { throw mistake("expected a JSON value") }
    index += text.count
    return .scalar(value)
  }

  private mutating func readName() throws(JSONMistake) -> String {
    let start = index
    index += 1
    while let byte = peek, Spelling.isNameByte(byte) { index += 1 }
    let length = index - start - 1
    guard length > 0, length <= TalkLimits.wordBytesMax else {
      throw mistake("expected a name of 1 to \(TalkLimits.wordBytesMax) letters, digits and _ after $")
    }
    nameRanges.append(start..<index)
    return String(decoding: bytes[(start + 1)..<index], as: UTF8.self)
  }

  private mutating func readArray(depth: Int) throws(JSONMistake) -> TalkPattern {
    index += 1
    var elements: [TalkPattern] = []
    skipSpace()
    if take("]") { return .array([], open: false) }
    while true {
      skipSpace()
      if takeDots() {
        skipSpace()
        guard take("]") else { throw mistake("expected ] after ..., which comes last") }
        return .array(elements, open: true)
      }
      elements.append(try readValue(depth: depth + 1))
      skipSpace()
      if take("]") { return .array(elements, open: false) }
      guard take(",") else { throw mistake("expected , or ] in an array") }
    }
  }

  private mutating func readObject(depth: Int) throws(JSONMistake) -> TalkPattern {
    index += 1
    var members: [TalkPattern.Member] = []
    var known: Set<[UInt8]> = []
    skipSpace()
    if take("}") { return .object([], open: false) }
    while true {
      skipSpace()
      if takeDots() {
        skipSpace()
        guard take("}") else { throw mistake("expected } after ..., which comes last") }
        return .object(members, open: true)
      }
      let key = try readKey()
      if dialect == .hearing, case .literal(let text) = key, !known.insert(text).inserted {
        throw mistake("the same key twice in one object")
      }
      skipSpace()
      guard take(":") else { throw mistake("expected : after a key") }
      members.append(TalkPattern.Member(key: key, value: try readValue(depth: depth + 1)))
      skipSpace()
      if take("}") { return .object(members, open: false) }
      guard take(",") else { throw mistake("expected , or } in an object") }
    }
  }

  private mutating func readKey() throws(JSONMistake) -> TalkPattern.Key {
    if peek == UInt8(ascii: "$"), dialect != .plain {
      let name = try readName()
      guard name != "_" else { throw mistake("$_ cannot be a key") }
      return .name(name)
    }
    guard peek == UInt8(ascii: "\"") else { throw mistake("expected a key in double quotes") }
    return .literal(try readString())
  }

  /// RFC 8259 §6. What an Int64 holds stays an integer.
  private mutating func readNumber() throws(JSONMistake) -> TalkValue {
    let start = index
    var whole = true
    _ = take("-")
    if !take("0") { try readDigits() }
    if take(".") {
      whole = false
      try readDigits()
    }
    if take("e") || take("E") {
      whole = false
      if !take("+") { _ = take("-") }
      try readDigits()
    }
    let text = String(decoding: bytes[start..<index], as: UTF8.self)
    if whole, let integer = Int64(text) { return .integer(integer) }
    guard let double = Double(text), double.isFinite else { throw mistake("number out of range") }
    return .double(double)
  }

  private mutating func readDigits() throws(JSONMistake) {
    guard let first = peek, Spelling.isDigit(first) else { throw mistake("expected a digit") }
    while let byte = peek, Spelling.isDigit(byte) { index += 1 }
  }
}
