/// A name to look for among members: short ones, which nearly all are, are compared as one word.
@unsafe
struct JSONKey {
  private let bytes: UnsafeRawBufferPointer
  /// The first eight bytes at most, and which bits of a word they fill.
  private let word: UInt64
  private let mask: UInt64

  @inline(__always)
  init(_ bytes: UnsafeRawBufferPointer) {
    unsafe self.bytes = bytes
    unsafe word = Self.firstWord(bytes)
    unsafe mask = bytes.count >= 8 ? .max : (1 &<< UInt64(truncatingIfNeeded: 8 &* bytes.count)) &- 1
  }

  /// Up to eight bytes in two overlapping loads, none of them outside `bytes`.
  @inline(__always)
  private static func firstWord(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    let count = bytes.count
    if count >= 8 { return unsafe UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self)) }
    if count >= 4 {
      let low = unsafe UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self))
      let high = unsafe UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self))
      return UInt64(low) | UInt64(high) &<< UInt64(truncatingIfNeeded: 8 &* (count &- 4))
    }
    if count >= 2 {
      let low = unsafe UInt16(littleEndian: bytes.loadUnaligned(as: UInt16.self))
      let high = unsafe UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: count &- 2, as: UInt16.self))
      return UInt64(low) | UInt64(high) &<< UInt64(truncatingIfNeeded: 8 &* (count &- 2))
    }
    return count == 1 ? unsafe UInt64(bytes[0]) : 0
  }

  /// Whether the member's name, its escapes undone, is this one.
  @inline(__always)
  func names(_ field: JSONField, in text: UnsafeRawBufferPointer) -> Bool {
    let start = Int(field.keyStart)
    // The word must lie inside the text; at its very end, and for long names, bytes are compared.
    guard !field.keyIsEscaped, unsafe bytes.count <= 8, start &+ 8 <= text.count else {
      return unsafe field.isNamed(bytes, in: text)
    }
    guard unsafe Int(field.keyEnd &- field.keyStart) == bytes.count else { return false }
    let found = unsafe UInt64(littleEndian: text.loadUnaligned(fromByteOffset: start, as: UInt64.self))
    return unsafe found & mask == word
  }
}
