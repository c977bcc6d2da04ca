public enum ResponseHeadAnswer: Sendable {
  case incomplete
  /// `length` bytes were the head.
  case complete(ResponseHead, length: Int)
  case failure(reason: StaticString)
}

/// A response up to its empty line (RFC 9112 §4), as a client reads it.
public struct ResponseHead: HeaderFields, Sendable, Equatable {
  public let status: Int
  public let headers: [HeaderField]

  public static func parse(_ bytes: UnsafeRawBufferPointer, limits: HeadLimits = HeadLimits()) -> ResponseHeadAnswer {
    switch unsafe HeadLines.cut(bytes, limits) {
    case .incomplete:
      return .incomplete
    case .failure(_, let reason):
      return .failure(reason: reason)
    case .complete(let lines):
      let startLine = unsafe UnsafeRawBufferPointer(rebasing: bytes[lines.lines[0]])
      guard let status = unsafe statusCode(startLine) else { return .failure(reason: "The status line is malformed") }
      guard let fields = unsafe lines.fields(bytes) else { return .failure(reason: "A header line is malformed") }
      return .complete(ResponseHead(status: status, headers: fields), length: lines.length)
    }
  }

  /// Content-Length, if it is one number: where the body ends, unless the connection's end says it.
  public var contentLength: Int? {
    let lengths = values("Content-Length")
    return lengths.count == 1 ? Grammar.number(lengths[0].utf8) : nil
  }

  /// `HTTP/1.x SP 3DIGIT SP reason`; the reason, and the space before it, may be missing.
  private static func statusCode(_ line: UnsafeRawBufferPointer) -> Int? {
    guard line.count >= 12, (try? unsafe HTTPVersion.minor(line[..<8])) != nil, unsafe line[8] == 0x20,
      unsafe line.count == 12 || line[12] == 0x20,
      let status = unsafe Grammar.number(line[9..<12]), status >= 100
    else { return nil }
    return status
  }
}
