import Bytes

/// Values as a person reads them in a report: bounded in length, on one line.
enum Printed {
  static let bytesMax = 240

  static func value(_ value: TalkValue) -> String { shortened(value.json) }

  static func quoted(_ text: String) -> String { Printed.text(Array(text.utf8)) }

  /// A text in the spelling of `.talk`.
  static func text(_ bytes: [UInt8]) -> String {
    guard bytes.count > bytesMax else { return quote(bytes[...]) }
    return quote(bytes.prefix(bytesMax)) + "… (\(bytes.count) bytes)"
  }

  private static func quote(_ bytes: ArraySlice<UInt8>) -> String {
    let valid = UTF8Validator.isValid(Array(bytes))
    var out: [UInt8] = [UInt8(ascii: "\"")]
    for byte in bytes {
      switch byte {
      case 0x0A: out += "\\n".utf8
      case 0x0D: out += "\\r".utf8
      case 0x09: out += "\\t".utf8
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): out += [UInt8(ascii: "\\"), byte]
      case 0..<0x20, 0x7F: out += "\\x\(Hex.text(byte))".utf8
      case 0x80... where !valid: out += "\\x\(Hex.text(byte))".utf8
      default: out.append(byte)
      }
    }
    return String(decoding: out, as: UTF8.self) + "\""
  }

  static func binary(_ bytes: [UInt8]) -> String {
    guard bytes.count > bytesMax / 2 else { return "binary " + Hex.text(bytes) }
    return "binary \(Hex.text(Array(bytes.prefix(bytesMax / 2))))… (\(bytes.count) bytes)"
  }

  /// Text that is JSON as it stands, other text in quotes.
  static func message(_ bytes: [UInt8]) -> String {
    guard let first = bytes.first, "{[".utf8.contains(first), (try? TalkValue(parsing: bytes)) != nil,
      !bytes.contains(where: { $0 < 0x20 })
    else { return "text " + text(bytes) }
    return shortened(bytes)
  }

  static func close(_ code: UInt16?, _ reason: [UInt8]) -> String {
    guard let code else { return "closed without code" }
    return "closed \(code) \(text(reason))"
  }

  static func heard(_ heard: Heard) -> String {
    switch heard {
    case .opened(let subprotocol?): "opened with subprotocol \(quoted(subprotocol))"
    case .opened(nil): "opened"
    case .refused(let status, let body): "refused \(status) \(text(body))"
    case .text(let bytes): message(bytes)
    case .binary(let bytes): binary(bytes)
    case .pong(let bytes): "pong \(text(bytes))"
    case .closed(let code, let reason): close(code, reason)
    case .dropped: "dropped"
    }
  }

  static func line(_ source: String) -> String { shortened(Array(source.utf8)) }

  /// Cuts between characters, so that a cut text is still UTF-8.
  private static func shortened(_ bytes: [UInt8]) -> String {
    guard bytes.count > bytesMax else { return String(decoding: bytes, as: UTF8.self) }
    var end = bytesMax
    while end > 0, bytes[end] & 0xC0 == 0x80 { end -= 1 }
    return String(decoding: bytes[..<end], as: UTF8.self) + "… (\(bytes.count) bytes)"
  }
}
