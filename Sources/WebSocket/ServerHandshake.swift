import Bytes
import HTTP

/// The server's side of the opening handshake (RFC 6455 §4.2).
public enum ServerHandshake {
  public enum Answer: Sendable, Equatable {
    case accept(Upgrade)
    case refuse(status: Int, headers: [HeaderField], body: String)
  }

  /// Whether a request wants to become a WebSocket at all; any other is plain HTTP.
  public static func isWanted(by head: RequestHead) -> Bool { head.lists("Upgrade", "websocket") }

  /// Checks a request against RFC 6455 §4.2.1. Origin is not required: games are not browsers.
  public static func answer(_ head: RequestHead) -> Answer {
    guard head.method == "GET" else {
      return refuse(405, "A WebSocket starts with GET", [HeaderField("Allow", "GET")])
    }
    guard head.minorVersion >= 1 else { return refuse(400, "A WebSocket needs HTTP/1.1") }
    guard isWanted(by: head) else {
      return refuse(426, "This is a WebSocket endpoint", upgradeHeaders)
    }
    guard head.lists("Connection", "Upgrade") else { return refuse(400, "The Connection header lacks Upgrade") }
    guard head.body == .none || head.body == .length(0) else { return refuse(400, "A handshake has no body") }
    guard head.values("Sec-WebSocket-Version") == ["13"] else {
      return refuse(426, "Only WebSocket version 13 is spoken here", upgradeHeaders)
    }
    let keys = head.values("Sec-WebSocket-Key")
    guard keys.count == 1, AcceptKey.isNonce(keys[0]) else {
      return refuse(400, "Sec-WebSocket-Key is not base64 of 16 bytes")
    }
    let offers = head.list("Sec-WebSocket-Protocol")
    guard offers.allSatisfy({ Grammar.isToken($0.utf8) }) else {
      return refuse(400, "A subprotocol is not a token")
    }
    return .accept(Upgrade(key: AcceptKey.answer(to: keys[0]), subprotocols: offers))
  }

  /// RFC 6455 §4.4, RFC 9110 §15.5.22.
  private static let upgradeHeaders = [
    HeaderField("Upgrade", "websocket"), HeaderField("Sec-WebSocket-Version", "13"),
  ]

  private static func refuse(_ status: Int, _ reason: String, _ headers: [HeaderField?] = []) -> Answer {
    let type = HeaderField("Content-Type", "text/plain; charset=utf-8")
    return .refuse(status: status, headers: (headers + [type]).compactMap { $0 }, body: reason + "\n")
  }
}

/// A handshake that passed: what the 101 needs.
public struct Upgrade: Sendable, Equatable {
  /// The value of `Sec-WebSocket-Accept`.
  public let key: String
  /// The subprotocols that the client offered, in its order of preference (RFC 6455 §4.1).
  public let subprotocols: [String]
}

extension ByteQueue {
  /// Appends the 101 (RFC 6455 §4.2.2): these lines and no others, for old game clients compare them
  /// literally. A subprotocol that was not offered would make the client fail; it is a caller's mistake.
  /// So would an extension: `deflate` answers an offer of the same client.
  public mutating func appendSwitchingProtocols(
    _ upgrade: Upgrade, subprotocol: String? = nil, deflate: DeflateParameters? = nil
  ) {
    append("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ")
    append(upgrade.key)
    if let subprotocol {
      precondition(upgrade.subprotocols.contains(subprotocol))
      append("\r\nSec-WebSocket-Protocol: ")
      append(subprotocol)
    }
    if let deflate {
      append("\r\nSec-WebSocket-Extensions: ")
      append(deflate.text)
    }
    append("\r\n\r\n")
  }
}
