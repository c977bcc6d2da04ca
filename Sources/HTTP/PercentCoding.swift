/// Percent-encoding (RFC 3986 §2.1).
enum PercentCoding {
  /// Strict: nil if an escape is malformed or the result is not UTF-8.
  static func decodeStrictly(_ bytes: some Collection<UInt8>) -> String? {
    var decoded: [UInt8] = []
    decoded.reserveCapacity(bytes.count)
    var rest = bytes[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        decoded.append(byte)
        continue
      }
      guard let escaped = escape(rest) else { return nil }
      decoded.append(escaped)
      rest = rest.dropFirst(2)
    }
    return String(validating: decoded, as: UTF8.self)
  }

  /// As HTML forms write it: `+` is a space. A malformed escape stands for itself, bytes that are not
  /// UTF-8 become U+FFFD.
  static func decodeForm(_ bytes: some Collection<UInt8>) -> String {
    var decoded: [UInt8] = []
    decoded.reserveCapacity(bytes.count)
    var rest = bytes[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), let escaped = escape(rest) {
        decoded.append(escaped)
        rest = rest.dropFirst(2)
      } else {
        decoded.append(byte == UInt8(ascii: "+") ? 0x20 : byte)
      }
    }
    return String(decoding: decoded, as: UTF8.self)
  }

  /// The byte that the two hexadecimal digits at the front stand for.
  private static func escape(_ bytes: some Collection<UInt8>) -> UInt8? {
    var digits = bytes.prefix(2).makeIterator()
    guard let high = digits.next().flatMap(digit), let low = digits.next().flatMap(digit) else { return nil }
    return high << 4 | low
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x37
    case 0x61...0x66: byte - 0x57
    default: nil
    }
  }
}
