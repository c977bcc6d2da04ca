/// Numbers of 64 bits in sixteen digits each: JSON numbers are not exact that far.
enum Hexadecimal {
  static func text(_ number: UInt64) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  static func text(_ numbers: [UInt64]) -> String { numbers.map { text($0) }.joined() }

  /// Nil for anything else than groups of sixteen digits.
  static func numbers(_ text: [UInt8]) -> [UInt64]? {
    guard text.count % 16 == 0 else { return nil }
    var numbers: [UInt64] = []
    for start in stride(from: 0, to: text.count, by: 16) {
      let digits = text[start..<(start + 16)]
      guard digits.first != UInt8(ascii: "+"), digits.first != UInt8(ascii: "-"),
        let number = UInt64(String(decoding: digits, as: UTF8.self), radix: 16)
      else { return nil }
      numbers.append(number)
    }
    return numbers
  }
}
