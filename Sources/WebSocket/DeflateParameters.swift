import HTTP

/// What is agreed on when messages may be compressed with permessage-deflate (RFC 7692 §7.1).
///
/// No message is compressed with regard to an earlier one, in either direction: so one compressor serves all peers, a
/// peer that is silent costs nothing, and what one message says cannot be guessed from the size of another.
public struct DeflateParameters: Sendable, Equatable {
  /// The server's messages refer to at most 2 to the power of this many bytes before: 9 to 15.
  public let serverWindowBits: UInt8
  /// The client has asked for that.
  let isWindowSaid: Bool

  /// What zlib compresses with.
  private static let windowBits: ClosedRange<UInt8> = 9...15

  /// Accepts the first good one of a client's offers; nil when there is none.
  public init?(answering head: RequestHead) {
    // A value in quotes is a token too (RFC 6455 §9.1): no comma of a good header stands inside of one.
    for offer in head.list("Sec-WebSocket-Extensions") {
      if let parameters = Self(answering: offer) {
        self = parameters
        return
      }
    }
    return nil
  }

  /// Accepts one element of `Sec-WebSocket-Extensions`; nil when it is another extension, is not well formed (RFC 7692
  /// §7.1, last paragraph), or asks for what cannot be done.
  init?(answering offer: String) {
    guard let offer = DeflateOffer(offer) else { return nil }
    let bits = offer.serverMaxWindowBits
    guard Self.windowBits.contains(bits ?? Self.windowBits.upperBound) else { return nil }
    serverWindowBits = bits ?? Self.windowBits.upperBound
    isWindowSaid = bits != nil
  }

  /// The value of `Sec-WebSocket-Extensions` in the answer. A client that has not offered the latter of the two has to
  /// take it as well (RFC 7692 §7.1.1.2).
  public var text: String {
    let plain = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
    return isWindowSaid ? "\(plain); server_max_window_bits=\(serverWindowBits)" : plain
  }
}
