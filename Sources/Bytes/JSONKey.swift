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
    let count = min(bytes.count, 8)
    var word: UInt64 = 0
    var position = count
    while position > 0 {
      position &-= 1
      word = unsafe word << 8 | UInt64(bytes[position])
    }
    unsafe self.word = word
    unsafe mask = count == 8 ? .max : (1 << UInt64(8 &* count)) &- 1
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
