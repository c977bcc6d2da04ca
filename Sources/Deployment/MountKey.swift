/// What a mount is called in the store: its host and first path, or its first own address.
public struct MountKey: Hashable, Sendable {
  public let text: String

  public init(_ text: String) { self.text = text }

  /// One file name, in which every byte is coded that is no letter, digit, `_`, `-` or inner `.` (RFC 3986 §2.1).
  public var fileName: String {
    var name = ""
    for (index, byte) in text.utf8.enumerated() {
      let isPlain =
        byte < 0x80 && (UnicodeScalar(byte).properties.isAlphabetic || "0123456789_-".utf8.contains(byte))
        || byte == UInt8(ascii: ".") && index > 0
      name += isPlain ? String(UnicodeScalar(byte)) : "%" + Self.hex(byte >> 4) + Self.hex(byte & 0xF)
    }
    return name
  }

  private static func hex(_ digit: UInt8) -> String { String(digit, radix: 16, uppercase: true) }
}
