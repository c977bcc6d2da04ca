import Bytes
import HTTP
import Policy
import WebSocket

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
    let limit = connections[slot].inbound.messageBytesMax
    // Without a limit it is still held in memory once.
    let bytesMax = limit > 0 ? limit : outbox.buffers.left
    // A few bytes may have asked for much work.
    defer { endTurnInTime() }
    switch unsafe inflater.inflate(payload, bytesMax: bytesMax) {
    case .tooBig: violate(slot, CloseCode.messageTooBig, "The message is too big (RFC 6455 §10.4)")
    case .corrupt: violate(slot, CloseCode.invalidPayload, "The message cannot be inflated (RFC 7692 §7.2.2)")
    case .message(let plain):
      let plain = UnsafeRawBufferPointer(plain)
      guard unsafe isBinary || UTF8Validator.isValid(plain) else {
        return violate(slot, CloseCode.invalidPayload, "The text is not UTF-8 (§8.1)")
      }
      guard mayReceive(slot, plain.count) else { return }
      unsafe mount.receive(plain, isBinary: isBinary, from: connections[slot].peer)
    }
  }
}
