import Bytes
import HTTP
import Policy
import Reactor
import WebSocket

/// What inflates the messages of all connections, one at a time.
struct Inflation: ~Copyable {
  /// Bytes after which the clock is looked at: they take a millisecond or two.
  private static let bytesBetweenLooks = 1 << 20

  var inflater = Inflater()
  private var bytes = 0

  /// Counts an inflated message; whether it is time to look at the clock.
  mutating func count(_ messageBytes: Int) -> Bool {
    bytes += messageBytes
    guard bytes >= Self.bytesBetweenLooks else { return false }
    bytes = 0
    return true
  }
}

extension Relay {
  /// Accepts one of a client's offers to compress, where its mount does so (RFC 7692 §7.1); nil when nothing is agreed.
  func agreeOnDeflate(_ slot: UInt32, _ head: RequestHead) -> DeflateParameters? {
    guard let mount = connections[slot].mount, mounts.route(of: mount).deflates,
      let agreed = DeflateParameters(answering: head.list("Sec-WebSocket-Extensions"))
    else { return nil }
    outbox.deflate(slot, windowBits: agreed.serverWindowBits)
    connections[slot].inbound.acceptCompressed()
    return agreed
  }

  /// Inflates a message and handles it as one that came plain (RFC 7692 §7.2.2). What it becomes counts: a short
  /// message can be told to become a very long one.
  @inline(never)
  func takeCompressed(_ slot: UInt32, _ payload: UnsafeRawBufferPointer, isBinary: Bool, _ mount: Mount) {
    let bytesMax = connections[slot].inbound.messageBytesMax
    switch unsafe inflation.inflater.inflate(payload, bytesMax: bytesMax) {
    case .tooBig: violate(slot, CloseCode.messageTooBig, "The message is too big (RFC 6455 §10.4)")
    case .corrupt: violate(slot, CloseCode.invalidPayload, "The message cannot be inflated (RFC 7692 §7.2.2)")
    case .message(let plain):
      let plain = UnsafeRawBufferPointer(plain)
      if inflation.count(plain.count), Clock.milliseconds >= now + Self.turnMilliseconds { isTurnOver = true }
      guard unsafe isBinary || UTF8Validator.isValid(plain) else {
        return violate(slot, CloseCode.invalidPayload, "The text is not UTF-8 (§8.1)")
      }
      guard mayReceive(slot, plain.count) else { return }
      unsafe mount.receive(plain, isBinary: isBinary, from: connections[slot].peer)
    }
  }
}
