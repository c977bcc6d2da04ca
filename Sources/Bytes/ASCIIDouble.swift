extension ByteQueue {
  /// Appends the shortest decimal form that reads back as the same `Double`, as a JSON number.
  ///
  /// Whole numbers within Int64 are written plainly (`5`, not `5.0`; `-0` keeps its sign). False, and
  /// nothing appended, for infinities and NaN, which JSON cannot say.
  public mutating func append(number value: Double) -> Bool {
    guard value.isFinite else { return false }
    if let whole = Int64(exactly: value), whole != 0 || value.sign == .plus {
      append(integer: whole)
      return true
    }
    var text = value.description
    text.withUTF8 { digits in
      // "-0.0" and, past Int64, "1e+20": only the former ends in a fraction to drop.
      let count = value == 0 ? 2 : digits.count
      unsafe append(UnsafeRawBufferPointer(start: digits.baseAddress, count: count))
    }
    return true
  }
}
