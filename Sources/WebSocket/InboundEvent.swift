/// What `Inbound.next` found.
///
/// Payloads point into the caller's buffer, or, for a message that came in fragments, into the state
/// machine; either way they are valid until the next call on it.
@unsafe
public enum InboundEvent {
  /// No whole frame is left: keep the bytes from `offset` on and offer them again once there are
  /// `needed` of them. Fewer do no harm.
  case incomplete(needed: Int)
  /// A whole message (RFC 6455 §5.4). Text is valid UTF-8.
  case message(isBinary: Bool, payload: UnsafeMutableRawBufferPointer)
  /// A whole message that is compressed (RFC 7692 §7.2.2), its UTF-8 not looked at: it is to be inflated.
  case compressed(isBinary: Bool, payload: UnsafeRawBufferPointer)
  /// Answer with a pong of the same payload (RFC 6455 §5.5.2).
  case ping(UnsafeRawBufferPointer)
  case pong(UnsafeRawBufferPointer)
  /// The peer's last word (RFC 6455 §5.5.1); nil if it gave no code. Whatever follows is discarded.
  case close(code: UInt16?, reason: UnsafeRawBufferPointer)
  /// The peer broke the protocol: close with `code` (RFC 6455 §7.1.7). Whatever follows is discarded.
  case violation(code: UInt16, reason: StaticString)
}
