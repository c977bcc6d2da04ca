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
    repeat {
      let (quotient, digit) = left.quotientAndRemainder(dividingBy: 10)
      position -= 1
      unsafe output[position] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digit)
      left = quotient
    } while left > 0
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
