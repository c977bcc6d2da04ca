import Bytes

/// The member `type` of a JSON object, which most signaling protocols have, if it is safe to be shown.
enum MessageType {
  private static let numberBytesMax = 12
  private static let wordBytesMax = 24

  /// As it is written in `text`, which is UTF-8: a number, or in quotes a word without anything that words do not have.
  static func of(_ text: UnsafeRawBufferPointer) -> String? {
    var index = JSONIndex()
    guard unsafe index.scan(text) == .object, let field = unsafe field(of: &index, text) else { return nil }
    let written = unsafe UnsafeRawBufferPointer(rebasing: text[field.valueRange])
    switch field.kind {
    case .number where written.count <= numberBytesMax: break
    case .string where written.count <= wordBytesMax + 2:
      guard unsafe written.dropFirst().dropLast().allSatisfy(isOfWord) else { return nil }
    default: return nil
    }
    return unsafe String(decoding: written, as: UTF8.self)
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
