/// Two hexadecimal digits to a byte.
enum Hex {
  static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }

  static func text(_ byte: UInt8) -> String {
    let text = String(byte, radix: 16)
    return byte < 16 ? "0" + text : text
  }

  /// `00ff10`; bytes apart by one space when `spaced`.
  static func text(_ bytes: [UInt8], spaced: Bool = false) -> String {
    bytes.map { text($0) }.joined(separator: spaced ? " " : "")
  }
}
