/// A JSON value (RFC 8259). Integers stay apart from doubles, members keep their order, and strings are
/// bytes: two strings are equal when their bytes are, and a lone surrogate escape keeps its three bytes.
public enum TalkValue: Sendable {
  public struct Member: Sendable {
    public let key: [UInt8]
    public let value: TalkValue

    public init(_ key: String, _ value: TalkValue) { self.init(key: Array(key.utf8), value: value) }

    init(key: [UInt8], value: TalkValue) {
      self.key = key
      self.value = value
    }
  }

  case null
  case bool(Bool)
  case integer(Int64)
  case double(Double)
  case string([UInt8])
  case array([TalkValue])
  case object([Member])

  /// The value that `bytes` spell, with nothing but white space around it.
  public init(parsing bytes: [UInt8]) throws(JSONMistake) {
    var reader = JSONReader(bytes, dialect: .plain)
    let pattern = try reader.readWhole()
    guard let value = pattern.constant else { throw JSONMistake(offset: 0, message: "expected a JSON value") }
    self = value
  }

  public static func string(_ text: String) -> TalkValue { .string(Array(text.utf8)) }

  /// What a setting is given as: words with spaces in between for a list.
  public var setting: String {
    guard case .array(let elements) = self else { return String(decoding: plain, as: UTF8.self) }
    return elements.map { String(decoding: $0.plain, as: UTF8.self) }.joined(separator: " ")
  }

  /// What a `$name` stands for within plain text: a string without its quotes, anything else as JSON.
  public var plain: [UInt8] {
    if case .string(let bytes) = self { return bytes }
    return json
  }

  /// The value as compact JSON.
  public var json: [UInt8] {
    var out: [UInt8] = []
    write(to: &out)
    return out
  }

  private func write(to out: inout [UInt8]) {
    switch self {
    case .null: out += "null".utf8
    case .bool(let flag): out += (flag ? "true" : "false").utf8
    case .integer(let number): out += String(number).utf8
    case .double(let number): out += "\(number)".utf8
    case .string(let bytes): TalkValue.quote(bytes, to: &out)
    case .array(let elements):
      out.append(UInt8(ascii: "["))
      for (index, element) in elements.enumerated() {
        if index > 0 { out.append(UInt8(ascii: ",")) }
        element.write(to: &out)
      }
      out.append(UInt8(ascii: "]"))
    case .object(let members):
      out.append(UInt8(ascii: "{"))
      for (index, member) in members.enumerated() {
        if index > 0 { out.append(UInt8(ascii: ",")) }
        TalkValue.quote(member.key, to: &out)
        out.append(UInt8(ascii: ":"))
        member.value.write(to: &out)
      }
      out.append(UInt8(ascii: "}"))
    }
  }

  /// Writes a JSON string. The three bytes of a lone surrogate become its escape again.
  static func quote(_ bytes: [UInt8], to out: inout [UInt8]) {
    out.append(UInt8(ascii: "\""))
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      if byte == 0xED, index + 2 < bytes.count, bytes[index + 1] >= 0xA0 {
        let unit = 0xD000 | UInt16(bytes[index + 1] & 0x3F) << 6 | UInt16(bytes[index + 2] & 0x3F)
        out += "\\u\(Hex.text(UInt8(unit >> 8)))\(Hex.text(UInt8(unit & 0xFF)))".utf8
        index += 3
        continue
      }
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): out += [UInt8(ascii: "\\"), byte]
      case 0x0A: out += "\\n".utf8
      case 0x0D: out += "\\r".utf8
      case 0x09: out += "\\t".utf8
      case 0..<0x20: out += "\\u00\(Hex.text(byte))".utf8
      default: out.append(byte)
      }
      index += 1
    }
    out.append(UInt8(ascii: "\""))
  }
}

extension TalkValue: Equatable {
  /// By value: 1 equals 1.0, and the order of members does not matter.
  public static func == (left: TalkValue, right: TalkValue) -> Bool {
    switch (left, right) {
    case (.null, .null): return true
    case (.bool(let a), .bool(let b)): return a == b
    case (.integer(let a), .integer(let b)): return a == b
    case (.double(let a), .double(let b)): return a == b
    case (.integer(let a), .double(let b)), (.double(let b), .integer(let a)): return Int64(exactly: b) == a
    case (.string(let a), .string(let b)): return a == b
    case (.array(let a), .array(let b)): return a == b
    case (.object(let a), .object(let b)):
      guard a.count == b.count else { return false }
      return a.allSatisfy { member in
        let twins = b.filter { $0.key == member.key }
        return twins.count == 1 && twins[0].value == member.value
      }
    default: return false
    }
  }
}
