import Glibc

extension JSONField {
  /// The number rounded down: `5.0` is 5, `0.9` is 0, `-0.5` is -1, `1e3` is 1000. Exact to the last digit.
  /// Nil when the value is no number or lies outside Int64.
  public func integer(in text: UnsafeRawBufferPointer) -> Int64? {
    guard kind == .number else { return nil }
    let digits = unsafe value(in: text)
    if valueIsInteger, digits.count <= 18 { return unsafe Self.plainInteger(digits) }
    return unsafe JSONDecimal(digits).floor()
  }

  /// The nearest double. Nil when the value is no number or beyond the largest double.
  public func number(in text: UnsafeRawBufferPointer) -> Double? {
    guard kind == .number else { return nil }
    let digits = unsafe value(in: text)
    // Up to 15 digits are exact in a double. "-0" has a sign that an integer loses.
    if valueIsInteger, digits.count <= 15 {
      let whole = unsafe Self.plainInteger(digits)
      return unsafe whole == 0 && digits[0] == UInt8(ascii: "-") ? -0.0 : Double(whole)
    }
    return unsafe JSONDecimal(digits).double()
  }

  /// An optional minus and at most 18 digits, nothing else.
  @inline(__always)
  private static func plainInteger(_ digits: UnsafeRawBufferPointer) -> Int64 {
    let isNegative = unsafe digits[0] == UInt8(ascii: "-")
    var value: Int64 = 0
    for position in (isNegative ? 1 : 0)..<digits.count {
      value = unsafe value &* 10 &+ Int64(digits[position] &- UInt8(ascii: "0"))
    }
    return isNegative ? -value : value
  }
}

/// A validated JSON number taken apart: sign, digits and the power of ten behind them.
@safe
struct JSONDecimal {
  let isNegative: Bool
  /// Digits with at most one dot between them.
  let digits: UnsafeRawBufferPointer
  /// How many of the digits stand before the decimal point once the exponent has moved it; may be
  /// negative or more than there are.
  let wholeDigits: Int

  /// Beyond any number of digits a text can hold (2^31), so capping the exponent here changes nothing.
  private static var exponentCap: Int { 1 << 40 }

  init(_ text: UnsafeRawBufferPointer) {
    unsafe isNegative = text[0] == UInt8(ascii: "-")
    let start = isNegative ? 1 : 0
    let end = unsafe text.firstIndex { $0 | 0x20 == UInt8(ascii: "e") } ?? text.count
    unsafe digits = UnsafeRawBufferPointer(rebasing: text[start..<end])
    let before = unsafe digits.firstIndex(of: UInt8(ascii: ".")) ?? digits.count
    var exponent = 0
    var exponentIsNegative = false
    for position in end..<text.count {
      let byte = unsafe text[position]
      if byte == UInt8(ascii: "-") { exponentIsNegative = true }
      guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { continue }
      exponent = min(exponent * 10 + Int(byte - UInt8(ascii: "0")), Self.exponentCap)
    }
    wholeDigits = before + (exponentIsNegative ? -exponent : exponent)
  }

  /// The largest integer that is not above the number.
  func floor() -> Int64? {
    var magnitude: UInt64 = 0
    var hasFraction = false
    var passed = 0
    for position in unsafe 0..<digits.count {
      let byte = unsafe digits[position]
      if byte == UInt8(ascii: ".") { continue }
      let digit = UInt64(byte - UInt8(ascii: "0"))
      if passed < wholeDigits {
        guard let longer = Self.appending(digit, to: magnitude) else { return nil }
        magnitude = longer
      } else if digit != 0 {
        hasFraction = true
      }
      passed += 1
    }
    // Zeros that the exponent adds; no more than 19 before the magnitude overflows.
    while passed < wholeDigits, magnitude != 0 {
      guard let longer = Self.appending(0, to: magnitude) else { return nil }
      magnitude = longer
      passed += 1
    }
    guard isNegative else { return Int64(exactly: magnitude) }
    let down = magnitude.addingReportingOverflow(hasFraction ? 1 : 0)
    guard !down.overflow, down.partialValue <= Int64.min.magnitude else { return nil }
    return Int64(truncatingIfNeeded: 0 &- down.partialValue)
  }

  private static func appending(_ digit: UInt64, to magnitude: UInt64) -> UInt64? {
    let tenfold = magnitude.multipliedReportingOverflow(by: 10)
    let sum = tenfold.partialValue.addingReportingOverflow(digit)
    return tenfold.overflow || sum.overflow ? nil : sum.partialValue
  }

  /// The nearest double, or nil when that is infinite.
  ///
  /// `strtod` rounds correctly. It gets at most 800 significant digits, one more standing for whatever
  /// nonzero digits follow: 767 decide any rounding. Written as an integer with an exponent, because the
  /// decimal point depends on the locale.
  func double() -> Double? {
    let digitsMax = 800
    let value = unsafe withUnsafeTemporaryAllocation(byteCount: digitsMax + 64, alignment: 1) {
      (buffer: UnsafeMutableRawBufferPointer) -> Double in
      var written = 0
      var passed = 0
      var lastPassed = 0
      var hasMore = false
      if isNegative {
        unsafe buffer[0] = UInt8(ascii: "-")
        written = 1
      }
      let first = written
      for position in unsafe 0..<digits.count {
        let byte = unsafe digits[position]
        if byte == UInt8(ascii: ".") { continue }
        passed += 1
        if written == first, byte == UInt8(ascii: "0") { continue }
        if written - first < digitsMax {
          unsafe buffer[written] = byte
          written += 1
          lastPassed = passed
        } else if byte != UInt8(ascii: "0") {
          hasMore = true
        }
      }
      guard written > first else { return isNegative ? -0.0 : 0 }
      if hasMore {
        unsafe buffer[written] = UInt8(ascii: "1")
        written += 1
        lastPassed += 1
      }
      unsafe buffer[written] = UInt8(ascii: "e")
      written += 1
      let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[written...])
      written += unsafe ASCIIInteger.write(Int64(wholeDigits - lastPassed), to: rest)
      unsafe buffer[written] = 0
      guard let start = buffer.baseAddress else { return 0 }
      return unsafe strtod(start.assumingMemoryBound(to: CChar.self), nil)
    }
    return value.isFinite ? value : nil
  }
}
