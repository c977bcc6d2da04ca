import Bytes
import HTTP

/// The client's side of the opening handshake (RFC 6455 §4.1).
public struct ClientHandshake: Sendable {
  public enum Answer: Sendable {
    case incomplete
    /// Frames start behind `length` bytes.
    case accepted(length: Int, subprotocol: String?)
    /// An ordinary HTTP answer; `body` is as much of it as has arrived.
    case refused(ResponseHead, body: [UInt8])
    /// The server did not follow RFC 6455 §4.1: hang up.
    case violation(reason: StaticString)
  }

  public let host: String
  public let target: String
  public let headers: [HeaderField]
  public let subprotocols: [String]
  private let key: String

  /// - Parameters:
  ///   - host: as in the URL, with the port unless it is the scheme's own.
  ///   - target: path and query, percent-encoded.
  ///   - nonce: 16 unpredictable bytes.
  public init(host: String, target: String, headers: [HeaderField] = [], subprotocols: [String] = [], nonce: [UInt8]) {
    precondition(nonce.count == 16)
    self.host = host
    self.target = target
    self.headers = headers
    self.subprotocols = subprotocols
    key = AcceptKey.base64(nonce)
  }

  /// Appends the request; false, and nothing appended, if host, target or a subprotocol could break out of
  /// its line.
  public func appendRequest(to queue: inout ByteQueue) -> Bool {
    guard subprotocols.allSatisfy({ Grammar.isToken($0.utf8) }) else { return false }
    var fields = [
      HeaderField("Upgrade", "websocket"), HeaderField("Connection", "Upgrade"),
      HeaderField("Sec-WebSocket-Key", key), HeaderField("Sec-WebSocket-Version", "13"),
    ]
    if !subprotocols.isEmpty {
      fields.append(HeaderField("Sec-WebSocket-Protocol", subprotocols.joined(separator: ", ")))
    }
    return queue.appendRequest(method: "GET", target: target, host: host, headers: fields.compactMap { $0 } + headers)
  }

  /// Checks what has arrived so far (RFC 6455 §4.1, the second list).
  public func check(_ bytes: UnsafeRawBufferPointer, limits: HeadLimits = HeadLimits()) -> Answer {
    let head: ResponseHead
    let length: Int
    switch unsafe ResponseHead.parse(bytes, limits: limits) {
    case .incomplete: return .incomplete
    case .failure(let reason): return .violation(reason: reason)
    case .complete(let found, let count): (head, length) = (found, count)
    }
    guard head.status == 101 else { return .refused(head, body: unsafe Array(bytes[length...])) }
    guard Grammar.equalsIgnoringCase(head.header("Upgrade") ?? "", "websocket") else {
      return .violation(reason: "The server upgraded to something else")
    }
    guard head.lists("Connection", "Upgrade") else {
      return .violation(reason: "The Connection header lacks Upgrade")
    }
    guard head.values("Sec-WebSocket-Accept") == [AcceptKey.answer(to: key)] else {
      return .violation(reason: "Sec-WebSocket-Accept does not answer the key")
    }
    guard head.list("Sec-WebSocket-Extensions").isEmpty else {
      return .violation(reason: "The server chose an extension that was not offered")
    }
    let chosen = head.values("Sec-WebSocket-Protocol")
    guard chosen.count <= 1, chosen.allSatisfy(subprotocols.contains) else {
      return .violation(reason: "The server chose a subprotocol that was not offered")
    }
    return .accepted(length: length, subprotocol: chosen.first)
  }
}
