import HTTP
import Lobby

/// What a policy says to a handshake.
public enum UpgradeVerdict: Sendable {
  case accept(subprotocol: String?, attributes: [Attachment])
  case refuse(RequestAnswer)
}

/// An attribute for a peer that is about to connect.
public struct Attachment: Sendable {
  let name: [UInt8]
  let value: PlainValue
}

/// What a policy says to plain HTTP.
public struct RequestAnswer: Sendable {
  public let status: Int
  public let headers: [HeaderField]
  public let body: [UInt8]

  public init(status: Int, headers: [HeaderField], body: [UInt8]) {
    self.status = status
    self.headers = headers
    self.body = body
  }
}
