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

  /// Accepts the first good one of a client's offers, the elements of `Sec-WebSocket-Extensions`; nil when there is none.
  /// One that asks for what zlib cannot do, a window of 8 bits, is as good as not there (RFC 7692 §7.1.2.1).
  public init?(answering elements: [String]) {
    for element in elements {
      guard let offer = DeflateOffer(element) else { continue }
      let bits = offer.serverMaxWindowBits ?? Self.windowBits.upperBound
      guard Self.windowBits.contains(bits) else { continue }
      serverWindowBits = bits
      isWindowSaid = offer.serverMaxWindowBits != nil
      return
    }
    return nil
  }

  /// The value of `Sec-WebSocket-Extensions` in the answer. A client that has not offered the latter of the two has to
  /// take it as well (RFC 7692 §7.1.1.2).
  public var text: String {
    let plain = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
    return isWindowSaid ? "\(plain); server_max_window_bits=\(serverWindowBits)" : plain
  }
}
