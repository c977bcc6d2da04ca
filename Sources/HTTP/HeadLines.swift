/// How large a head may be. Both limits answer 431 (RFC 6585 §5).
public struct HeadLimits: Sendable {
  public var headBytesMax: Int
  public var fieldsMax: Int

  public init(headBytesMax: Int = 8192, fieldsMax: Int = 100) {
    self.headBytesMax = headBytesMax
    self.fieldsMax = fieldsMax
  }
}

/// A head cut into lines, before anything is known about their meaning (RFC 9112 §2).
///
/// Only CR LF ends a line. A bare CR, a bare LF or another control character is refused as soon as it
/// arrives, so a client that speaks something else (TLS, for one) is not waited for.
struct HeadLines {
  enum Answer {
    case incomplete
    case complete(HeadLines)
    case failure(status: Int, reason: StaticString)
  }

  /// Where each line lies, without its CR LF; the start line first, the empty line left out.
  private(set) var lines: [Range<Int>] = []
  /// Bytes of the head, the empty line included.
  private(set) var length = 0

  static func cut(_ bytes: UnsafeRawBufferPointer, _ limits: HeadLimits) -> Answer {
    var head = HeadLines()
    // One empty line before the start line is ignored (RFC 9112 §2.2).
    var start = unsafe bytes.starts(with: [0x0D, 0x0A]) ? 2 : 0
    var at = start
    while at < bytes.count {
      guard at < limits.headBytesMax else { return .failure(status: 431, reason: "The head is too large") }
      let byte = unsafe bytes[at]
      if byte != 0x0D {
        guard Grammar.isFieldByte(byte) else { return .failure(status: 400, reason: "A control character in the head") }
        at += 1
        continue
      }
      guard at + 1 < bytes.count else { break }
      guard unsafe bytes[at + 1] == 0x0A else { return .failure(status: 400, reason: "A line does not end in CR LF") }
      if at == start {
        guard !head.lines.isEmpty else { return .failure(status: 400, reason: "The start line is empty") }
        head.length = at + 2
        guard head.length <= limits.headBytesMax else { return .failure(status: 431, reason: "The head is too large") }
        return .complete(head)
      }
      guard head.lines.count <= limits.fieldsMax else { return .failure(status: 431, reason: "Too many headers") }
      head.lines.append(start..<at)
      at += 2
      start = at
    }
    if bytes.count >= limits.headBytesMax { return .failure(status: 431, reason: "The head is too large") }
    return .incomplete
  }

  /// The fields behind the start line; nil if one is malformed. A folded line or a space before the colon
  /// is malformed (RFC 9112 §5): proxies disagree about them, which lets requests be smuggled.
  func fields(_ bytes: UnsafeRawBufferPointer) -> [HeaderField]? {
    var fields: [HeaderField] = []
    fields.reserveCapacity(lines.count - 1)
    for line in lines.dropFirst() {
      let text = unsafe UnsafeRawBufferPointer(rebasing: bytes[line])
      guard let colon = unsafe text.firstIndex(of: UInt8(ascii: ":")) else { return nil }
      guard unsafe Grammar.isToken(text[..<colon]) else { return nil }
      let name = unsafe String(decoding: text[..<colon], as: UTF8.self)
      let value = unsafe String(decoding: Grammar.trimmed(text[(colon + 1)...]), as: UTF8.self)
      fields.append(HeaderField(checkedName: name, value: value))
    }
    return fields
  }
}
