/// Checks UTF-8 (RFC 3629) piece by piece: overlong forms, surrogates and scalars above U+10FFFF are
/// refused at the first byte that makes them so.
///
/// Holds what the next byte must look like, three bytes in all, so that a scalar may be cut anywhere.
public struct UTF8Validator: Sendable {
  /// Continuation bytes that the scalar under way still lacks.
  private var missing: UInt8 = 0
  /// The next continuation byte lies in `low...high`; narrower than 80...BF only after E0, ED, F0, F4.
  private var low: UInt8 = 0x80
  private var high: UInt8 = 0xBF

  public init() {}

  /// Whether no scalar is cut at the end of what was consumed. False for ever after a refusal.
  public var isAtBoundary: Bool { missing == 0 }

  /// Takes the next piece. False once anything consumed cannot be UTF-8; it stays false.
  public mutating func consume(_ bytes: UnsafeRawBufferPointer) -> Bool {
    // Invariant: every access below lies within `at + width <= count`.
    guard let base = bytes.baseAddress else { return !isRefused }
    let count = bytes.count
    var at = 0
    while at < count {
      if missing == 0 {
        at = unsafe Self.endOfASCII(base, from: at, count: count)
        if at == count { return true }
        guard start(unsafe base.load(fromByteOffset: at, as: UInt8.self)) else { return false }
        at &+= 1
      }
      while missing > 0, at < count {
        guard follow(unsafe base.load(fromByteOffset: at, as: UInt8.self)) else { return false }
        at &+= 1
      }
    }
    return !isRefused
  }

  /// Whether `bytes` are UTF-8 with no scalar cut at the end.
  public static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var validator = UTF8Validator()
    return unsafe validator.consume(bytes) && validator.isAtBoundary
  }

  public static func isValid(_ bytes: [UInt8]) -> Bool {
    unsafe bytes.withUnsafeBytes { unsafe isValid($0) }
  }

  /// How many leading bytes are UTF-8 with no scalar cut at the end.
  public static func validPrefixCount(_ bytes: UnsafeRawBufferPointer) -> Int {
    var validator = UTF8Validator()
    var boundary = 0
    for unsafe(index, byte) in unsafe bytes.enumerated() {
      guard validator.missing == 0 ? validator.start(byte) : validator.follow(byte) else { break }
      if validator.missing == 0 { boundary = index + 1 }
    }
    return boundary
  }

  private var isRefused: Bool { low > high }

  /// A state that no byte satisfies.
  private mutating func refuse() -> Bool {
    (missing, low, high) = (1, 1, 0)
    return false
  }

  /// The first byte of a scalar (table 3-7 of the Unicode standard).
  private mutating func start(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x00...0x7F: return true
    case 0xC2...0xDF: missing = 1
    case 0xE0: (missing, low) = (2, 0xA0)
    case 0xED: (missing, high) = (2, 0x9F)
    case 0xE1...0xEF: missing = 2
    case 0xF0: (missing, low) = (3, 0x90)
    case 0xF1...0xF3: missing = 3
    case 0xF4: (missing, high) = (3, 0x8F)
    default: return refuse()
    }
    return true
  }

  private mutating func follow(_ byte: UInt8) -> Bool {
    guard byte >= low, byte <= high else { return refuse() }
    (missing, low, high) = (missing &- 1, 0x80, 0xBF)
    return true
  }

  /// The index of the first byte at or after `from` that is not ASCII, or `count`.
  @inline(__always)
  private static func endOfASCII(_ base: UnsafeRawPointer, from: Int, count: Int) -> Int {
    var at = from
    while at &+ 16 <= count {
      let words = unsafe base.loadUnaligned(fromByteOffset: at, as: SIMD2<UInt64>.self)
      if (words[0] | words[1]) & 0x8080_8080_8080_8080 != 0 { break }
      at &+= 16
    }
    // The last, shorter group is looked at together with bytes before it.
    if at < count, at &+ 16 > count, count >= 16 {
      let words = unsafe base.loadUnaligned(fromByteOffset: count &- 16, as: SIMD2<UInt64>.self)
      if (words[0] | words[1]) & 0x8080_8080_8080_8080 == 0 { return count }
    }
    while at < count, unsafe base.load(fromByteOffset: at, as: UInt8.self) < 0x80 { at &+= 1 }
    return at
  }
}
