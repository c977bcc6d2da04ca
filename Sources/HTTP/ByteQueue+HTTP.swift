import Bytes

extension ByteQueue {
  /// Appends `HTTP/1.1 status reason` and its CR LF. The headers and an empty line must follow.
  public mutating func appendStatusLine(_ status: Int) {
    precondition(status >= 100 && status <= 999)
    append("HTTP/1.1 ")
    append(String(status))
    append(" ")
    append(StatusCode.reason(status))
    append("\r\n")
  }

  public mutating func append(_ field: HeaderField) {
    append(field.name)
    append(": ")
    append(field.value)
    append("\r\n")
  }

  /// Appends a whole response (RFC 9112 §4). Content-Length and Connection are this function's to write:
  /// fields of `headers` that say how the message is framed are left out.
  ///
  /// - Parameters:
  ///   - keepsAlive: false adds `Connection: close`, and the caller closes.
  ///   - omitsBody: the answer to a HEAD request, whose Content-Length tells what GET would have sent.
  public mutating func appendResponse(
    status: Int, headers: [HeaderField] = [], body: UnsafeRawBufferPointer,
    keepsAlive: Bool = false, omitsBody: Bool = false
  ) {
    appendResponse(status: status, headers: headers, bodyBytes: body.count, keepsAlive: keepsAlive)
    if !Self.isBodiless(status) && !omitsBody { unsafe append(body) }
  }

  /// RFC 9110 §8.6: these statuses have neither body nor length.
  private static func isBodiless(_ status: Int) -> Bool { status < 200 || status == 204 || status == 304 }

  /// Appends the head of a response alone, whose body of so many bytes is still to come.
  public mutating func appendResponse(
    status: Int, headers: [HeaderField], bodyBytes: Int, keepsAlive: Bool = false
  ) {
    appendStatusLine(status)
    for field in headers where !StatusCode.isFraming(field) { append(field) }
    if !Self.isBodiless(status) {
      append("Content-Length: ")
      append(String(bodyBytes))
      append("\r\n")
    }
    // A response that names a protocol to upgrade to must list it so (RFC 9110 §7.8).
    let upgrade = headers.contains { $0.isNamed("Upgrade") } ? ["Upgrade"] : []
    let options = upgrade + (keepsAlive ? [] : ["close"])
    if !options.isEmpty {
      append("Connection: ")
      append(options.joined(separator: ", "))
      append("\r\n")
    }
    append("\r\n")
  }

  public mutating func appendResponse(
    status: Int, headers: [HeaderField] = [], body: String = "", keepsAlive: Bool = false, omitsBody: Bool = false
  ) {
    var text = body
    text.withUTF8 {
      unsafe appendResponse(
        status: status, headers: headers, body: UnsafeRawBufferPointer($0), keepsAlive: keepsAlive,
        omitsBody: omitsBody)
    }
  }

  /// Appends a whole request (RFC 9112 §3); false, and nothing appended, if method, target or host could
  /// break out of its line. A body adds Content-Length.
  public mutating func appendRequest(
    method: String, target: String, host: String, headers: [HeaderField] = [], body: [UInt8] = []
  ) -> Bool {
    guard Grammar.isToken(method.utf8), !target.isEmpty, target.utf8.allSatisfy(Grammar.isTargetByte),
      !host.isEmpty, let host = HeaderField("Host", host)
    else { return false }
    append(method)
    append(" ")
    append(target)
    append(" HTTP/1.1\r\n")
    append(host)
    for field in headers { append(field) }
    if !body.isEmpty {
      append("Content-Length: ")
      append(String(body.count))
      append("\r\n")
    }
    append("\r\n")
    append(body)
    return true
  }
}
