/// What a message under load says of itself, as text inside its data: "@", then who sends it, which of its messages it
/// is and when it was sent, in hexadecimal.
struct Stamp: Equatable, Sendable {
  static let mark = UInt8(ascii: "@")
  static let textBytes = 1 + 8 + 8 + 16

  var sender: UInt32
  var number: UInt32
  var nanoseconds: UInt64

  var text: [UInt8] { [Self.mark] + Self.hex(sender) + Self.hex(number) + Self.hex(nanoseconds) }

  private static func hex<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
    stride(from: Value.bitWidth - 4, through: 0, by: -4).map { shift in
      let digit = UInt8(truncatingIfNeeded: value >> Value(shift)) & 15
      return digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit
    }
  }

  private static func value(_ digits: ArraySlice<UInt8>) -> UInt64? {
    var value: UInt64 = 0
    for digit in digits {
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt64(digit - UInt8(ascii: "0"))
      case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt64(digit - UInt8(ascii: "a") + 10)
      default: return nil
      }
    }
    return value
  }
}

extension Stamp {
  /// The first stamp in a message; nil when it has none.
  init?(in payload: [UInt8]) {
    guard let mark = payload.firstIndex(of: Self.mark), payload.count - mark >= Self.textBytes,
      let sender = Self.value(payload[(mark + 1)..<(mark + 9)]),
      let number = Self.value(payload[(mark + 9)..<(mark + 17)]),
      let time = Self.value(payload[(mark + 17)..<(mark + 33)])
    else { return nil }
    self.init(sender: UInt32(sender), number: UInt32(number), nanoseconds: time)
  }
}
