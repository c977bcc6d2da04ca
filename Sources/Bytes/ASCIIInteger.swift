/// Decimal digits of integers.
public enum ASCIIInteger {
  /// Room that any `Int64` needs: a sign and 19 digits.
  public static var bytesMax: Int { 20 }

  /// Writes `value` to the front of `output`, which has room for it, and answers the bytes written.
  public static func write(_ value: Int64, to output: UnsafeMutableRawBufferPointer) -> Int {
    var left = value.magnitude
    let count = digits(left) + (value < 0 ? 1 : 0)
    precondition(output.count >= count)
    if value < 0 { unsafe output[0] = UInt8(ascii: "-") }
    var position = count
    // Two digits for each long division: half as many steps that wait for each other.
    while left >= 10 {
      let (quotient, pair) = left.quotientAndRemainder(dividingBy: 100)
      position -= 2
      let digits = UInt8(truncatingIfNeeded: pair)
      unsafe output[position] = UInt8(ascii: "0") + digits / 10
      unsafe output[position + 1] = UInt8(ascii: "0") + digits % 10
      left = quotient
    }
    if position > (value < 0 ? 1 : 0) {
      unsafe output[position - 1] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: left)
    }
    return count
  }

  private static func digits(_ value: UInt64) -> Int {
    var count = 1
    var bound: UInt64 = 10
    while value >= bound {
      count += 1
      if count == 20 { break }
      bound &*= 10
    }
    return count
  }
}

extension ByteQueue {
  /// Appends the decimal digits of `value`.
  public mutating func append(integer value: Int64) {
    _ = unsafe appendUpTo(minimum: ASCIIInteger.bytesMax) { unsafe ASCIIInteger.write(value, to: $0) }
  }
}
