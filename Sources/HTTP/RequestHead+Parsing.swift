public enum RequestHeadAnswer: Sendable {
  /// The empty line has not arrived; offer the same bytes again with more behind them.
  case incomplete
  /// `length` bytes were the head.
  case complete(RequestHead, length: Int)
  /// Answer with `status` and close: where the next request would start is unknown.
  case failure(status: Int, reason: StaticString)
}

extension RequestHead {
  public static func parse(_ bytes: UnsafeRawBufferPointer, limits: HeadLimits = HeadLimits()) -> RequestHeadAnswer {
    switch unsafe HeadLines.cut(bytes, limits) {
    case .incomplete:
      return .incomplete
    case .failure(let status, let reason):
      return .failure(status: status, reason: reason)
    case .complete(let lines):
      let startLine = unsafe UnsafeRawBufferPointer(rebasing: bytes[lines.lines[0]])
      do throws(RequestRefusal) {
        let start = try unsafe RequestLine(startLine)
        guard let fields = unsafe lines.fields(bytes) else { throw RequestRefusal(400, "A header line is malformed") }
        return .complete(try RequestHead(start, fields), length: lines.length)
      } catch {
        return .failure(status: error.status, reason: error.reason)
      }
    }
  }

  private init(_ line: RequestLine, _ fields: [HeaderField]) throws(RequestRefusal) {
    let local = Self.withoutAuthority(line.target.utf8[...])
    guard local.first == UInt8(ascii: "/") || (line.target == "*" && line.method == "OPTIONS") else {
      throw RequestRefusal(400, "The target is not a path")
    }
    let encodedPath = local.prefix { $0 != UInt8(ascii: "?") }
    guard let path = PercentCoding.decodeStrictly(encodedPath) else {
      throw RequestRefusal(400, "The path is not percent-encoded UTF-8")
    }
    method = line.method
    target = line.target
    minorVersion = line.minorVersion
    self.path = path
    queryText =
      encodedPath.endIndex == local.endIndex ? nil : String(Substring(local[encodedPath.endIndex...].dropFirst()))
    headers = fields
    guard values("Host").count == 1 || (minorVersion == 0 && values("Host").isEmpty) else {
      throw RequestRefusal(400, "There must be one Host header")
    }
    body = try bodyFraming()
  }

  /// Path and query of a target in absolute form, whose authority repeats the Host header (RFC 9112 §3.2.2);
  /// any other as it is.
  ///
  /// Bytes, not characters: a combining mark behind a slash would hide it.
  private static func withoutAuthority(_ target: Substring.UTF8View) -> Substring.UTF8View {
    guard target.first != UInt8(ascii: "/") else { return target }
    for scheme in ["http://", "https://", "ws://", "wss://"]
    where target.prefix(scheme.utf8.count).map(Grammar.lowercased).elementsEqual(scheme.utf8) {
      let local = target.dropFirst(scheme.utf8.count).drop { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
      return local.first == UInt8(ascii: "/") ? local : ("/" + Substring(local)).utf8
    }
    return target
  }

  /// RFC 9112 §6.3, without its leniency: two ways to find the end of a body are one too many.
  private func bodyFraming() throws(RequestRefusal) -> Body {
    let lengths = values("Content-Length")
    let codings = values("Transfer-Encoding")
    if !codings.isEmpty {
      guard lengths.isEmpty, minorVersion >= 1, codings.count == 1 else {
        throw RequestRefusal(400, "Transfer-Encoding contradicts another header or the version")
      }
      guard Grammar.equalsIgnoringCase(codings[0], "chunked") else {
        throw RequestRefusal(501, "The transfer coding is not chunked")
      }
      return .chunked
    }
    guard let length = lengths.first else { return .none }
    guard lengths.count == 1, let count = Grammar.number(length.utf8) else {
      throw RequestRefusal(400, "Content-Length is not one number")
    }
    return .length(count)
  }
}

struct RequestRefusal: Error {
  let status: Int
  let reason: StaticString

  init(_ status: Int, _ reason: StaticString) {
    self.status = status
    self.reason = reason
  }
}

/// `method SP target SP HTTP/1.x`, single spaces (RFC 9112 §3).
private struct RequestLine {
  let method: String
  let target: String
  let minorVersion: Int

  init(_ bytes: UnsafeRawBufferPointer) throws(RequestRefusal) {
    let words = unsafe bytes.split(separator: 0x20, omittingEmptySubsequences: false)
    guard unsafe words.count == 3, unsafe Grammar.isToken(words[0]) else {
      throw RequestRefusal(400, "The request line is malformed")
    }
    guard unsafe !words[1].isEmpty, unsafe words[1].allSatisfy(Grammar.isTargetByte),
      let text = unsafe String(validating: words[1], as: UTF8.self)
    else { throw RequestRefusal(400, "The target is malformed") }
    minorVersion = try unsafe HTTPVersion.minor(words[2])
    method = unsafe String(decoding: words[0], as: UTF8.self)
    target = text
  }
}

/// `HTTP/1.x` (RFC 9112 §2.3).
enum HTTPVersion {
  static func minor(_ bytes: some Collection<UInt8>) throws(RequestRefusal) -> Int {
    let text = [UInt8](bytes)
    guard text.count == 8, text.starts(with: "HTTP/".utf8), text[6] == UInt8(ascii: "."),
      let major = Grammar.number(text[5...5]), let minor = Grammar.number(text[7...7])
    else { throw RequestRefusal(400, "The version is malformed") }
    guard major == 1 else { throw RequestRefusal(505, "Only HTTP/1.1 is spoken here") }
    return minor
  }
}
