import Bytes

/// The member `type` of a JSON object, which most signaling protocols have, when it can say no more than which kind of
/// message this is.
enum MessageType: Equatable {
  case number(Int64)
  /// Of `wordBytesMax` letters, digits, `_`, `-` and `.` at the most.
  case word(String)

  private static let wordBytesMax = 24

  /// Nil when the text, which is UTF-8, has none that is safe to be shown.
  init?(of text: UnsafeRawBufferPointer) {
    var index = JSONIndex()
    guard unsafe index.scan(text) == .object, let field = unsafe Self.field(of: &index, text) else { return nil }
    if field.isInteger, let number = unsafe field.integer(in: text) {
      self = .number(number)
    } else if let word = unsafe field.plainString(in: text), word.count <= Self.wordBytesMax,
      unsafe word.allSatisfy(Self.isOfWord)
    {
      self = unsafe .word(String(decoding: word, as: UTF8.self))
    } else {
      return nil
    }
  }

  private static func field(of index: inout JSONIndex, _ text: UnsafeRawBufferPointer) -> JSONField? {
    let name: StaticString = "type"
    return unsafe index.field(UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount), in: text)
  }

  private static func isOfWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."): true
    default: false
    }
  }
}
