@testable import Bytes

/// A JSON value as the slow, obvious decoder below sees it.
indirect enum Reference: Equatable {
  case null
  case bool(Bool)
  /// The digits as they stand in the text.
  case number(String)
  case string(String)
  case array([Reference])
  /// Members in order; of duplicates the first place and the last value.
  case object([Member])

  struct Member: Equatable {
    var key: String
    var value: Reference
  }

  /// Nil when `text` is not JSON. Recursive and byte by byte, unlike what it checks.
  init?(_ text: [UInt8]) {
    var decoder = ReferenceDecoder(text: text)
    guard let value = decoder.value() else { return nil }
    decoder.space()
    guard decoder.at == text.count else { return nil }
    self = value
  }

  subscript(key: String) -> Reference? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.key == key }?.value
  }
}

struct ReferenceDecoder {
  let text: [UInt8]
  var at = 0

  init(text: [UInt8]) { self.text = text }

  var next: UInt8? { at < text.count ? text[at] : nil }

  mutating func space() {
    while let byte = next, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { at += 1 }
  }

  mutating func take(_ word: String) -> Bool {
    guard text[at...].starts(with: word.utf8) else { return false }
    at += word.utf8.count
    return true
  }

  mutating func value() -> Reference? {
    space()
    if take("null") { return .null }
    if take("true") { return .bool(true) }
    if take("false") { return .bool(false) }
    if take("[") { return array() }
    if take("{") { return object() }
    if next == UInt8(ascii: "\"") { return string().map { .string($0) } }
    return number()
  }

  mutating func array() -> Reference? {
    var elements: [Reference] = []
    space()
    if take("]") { return .array([]) }
    while let element = value() {
      elements.append(element)
      space()
      if take("]") { return .array(elements) }
      guard take(",") else { return nil }
    }
    return nil
  }

  mutating func object() -> Reference? {
    var members: [Reference.Member] = []
    space()
    if take("}") { return .object([]) }
    while true {
      space()
      guard let key = string() else { return nil }
      space()
      guard take(":"), let value = value() else { return nil }
      if let known = members.firstIndex(where: { $0.key == key }) {
        members[known].value = value
      } else {
        members.append(Reference.Member(key: key, value: value))
      }
      space()
      if take("}") { return .object(members) }
      guard take(",") else { return nil }
    }
  }

  mutating func number() -> Reference? {
    let start = at
    func digits(_ decoder: inout ReferenceDecoder) -> Int {
      let first = decoder.at
      while let byte = decoder.next, (0x30...0x39).contains(byte) { decoder.at += 1 }
      return decoder.at - first
    }
    _ = take("-")
    let leading = next
    let whole = digits(&self)
    guard whole > 0, whole == 1 || leading != UInt8(ascii: "0") else { return nil }
    if take("."), digits(&self) == 0 { return nil }
    if take("e") || take("E") {
      if !take("+") { _ = take("-") }
      guard digits(&self) > 0 else { return nil }
    }
    return .number(String(decoding: text[start..<at], as: UTF8.self))
  }

  mutating func string() -> String? {
    guard take("\"") else { return nil }
    var units: [UInt16] = []
    var plain: [UInt8] = []
    func flush(_ units: inout [UInt16], _ plain: inout [UInt8]) {
      units += String(decoding: plain, as: UTF8.self).utf16
      plain = []
    }
    while let byte = next {
      at += 1
      if byte == UInt8(ascii: "\"") {
        flush(&units, &plain)
        return String(decoding: units, as: UTF16.self)
      }
      guard byte >= 0x20 else { return nil }
      guard byte == UInt8(ascii: "\\") else {
        plain.append(byte)
        continue
      }
      guard let kind = next else { return nil }
      at += 1
      let short: [Character: UInt8] = [
        "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "\"": 0x22, "\\": 0x5C, "/": 0x2F,
      ]
      if let known = short[Character(Unicode.Scalar(kind))] {
        plain.append(known)
        continue
      }
      guard kind == UInt8(ascii: "u"), text.count - at >= 4 else { return nil }
      let four = text[at..<at + 4]
      guard four.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit && $0 < 0x80 }),
        let unit = UInt16(String(decoding: four, as: UTF8.self), radix: 16)
      else { return nil }
      flush(&units, &plain)
      units.append(unit)
      at += 4
    }
    return nil
  }
}

/// A small generator with a seed, so that a failing case comes back (xorshift64*).
struct Dice: RandomNumberGenerator {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed &* 2 &+ 1 }
  mutating func next() -> UInt64 {
    state ^= state >> 12
    state ^= state << 25
    state ^= state >> 27
    return state &* 0x2545_F491_4F6C_DD1D
  }

  private static let pieces = [
    "a", "id", "data", "é", "😀", "\\n", "\\r\\n", "\\\"", "\\\\", "\\u0041", "\\ud83d\\ude00", "\\u0000", "\\/", "x y",
    "0123456789abcdef", "candidate:1 1 udp 2122260223 192.0.2.1 5000 typ host",
  ]
  private static let numbers = ["0", "-0", "7", "-12", "63392831", "1.5", "1e3", "-2.5E-3", "9223372036854775807"]

  mutating func space() -> String {
    Int.random(in: 0..<4, using: &self) > 0 ? "" : [" ", "\n", "\t ", "\r\n  "].randomElement(using: &self)!
  }

  mutating func string(pieces: Int) -> String {
    let body = (0..<Int.random(in: 0...pieces, using: &self)).map { _ in Self.pieces.randomElement(using: &self)! }
    return "\"" + body.joined() + "\""
  }

  /// The text of a random value.
  mutating func value(depth: Int) -> String {
    switch Int.random(in: 0..<(depth > 0 ? 8 : 5), using: &self) {
    case 0: return ["null", "true", "false"].randomElement(using: &self)!
    case 1, 2: return Self.numbers.randomElement(using: &self)!
    case 3, 4: return string(pieces: 6)
    case 5, 6: return object(depth: depth - 1, members: 4)
    default:
      let elements = (0..<Int.random(in: 0..<4, using: &self)).map { _ in space() + value(depth: depth - 1) + space() }
      return "[" + elements.joined(separator: ",") + (elements.isEmpty ? space() : "") + "]"
    }
  }

  mutating func object(depth: Int, members: Int) -> String {
    let keys = ["\"id\"", "\"type\"", "\"data\"", "\"\\u0069d\"", "\"a long key of 24 bytes…\""]
    let list = (0..<Int.random(in: 0...members, using: &self)).map { _ in
      let key = Bool.random(using: &self) ? keys.randomElement(using: &self)! : string(pieces: 2)
      return space() + key + space() + ":" + space() + value(depth: depth) + space()
    }
    return "{" + list.joined(separator: ",") + (list.isEmpty ? space() : "") + "}"
  }
}

/// Runs `body` with the bytes in a block of exactly their size, so that a sanitizer sees any read past them.
func withExact<Result>(_ bytes: some Collection<UInt8>, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows
  -> Result
{
  let block = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
  defer { block.deallocate() }
  block.copyBytes(from: bytes)
  return try body(UnsafeRawBufferPointer(block))
}

extension JSONIndex {
  func field(_ key: String, in text: UnsafeRawBufferPointer) -> JSONField? {
    withExact(key.utf8) { field($0, in: text) }
  }

  func field(path: String, in text: UnsafeRawBufferPointer) -> JSONField? {
    withExact(path.utf8) { field(path: $0, in: text) }
  }
}

extension JSONField {
  func decoded(in text: UnsafeRawBufferPointer) -> String? {
    var queue = ByteQueue()
    guard string(in: text, into: &queue) != .notString else { return nil }
    return queue.withBytes { String(decoding: $0, as: UTF8.self) }
  }
}
