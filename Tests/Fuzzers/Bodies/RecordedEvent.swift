import Bytes
import WebSocket

/// An inbound event with its bytes copied, to be kept and compared.
public enum RecordedEvent: Equatable, Sendable {
  case message(isBinary: Bool, [UInt8])
  case ping([UInt8])
  case pong([UInt8])
  case close(UInt16?, [UInt8])
  case violation(UInt16, String)

  /// Everything that `stream` says when it arrives in pieces of the sizes that `nextSize` gives.
  ///
  /// The pieces wait in a queue as in the relay: what an event consumed is taken off, the rest is offered
  /// again, and only once as many bytes as were needed have come.
  public static func read(
    _ stream: [UInt8], role: Role, messageBytesMax: Int, inflates: Bool = false, nextSize: (_ left: Int) -> Int
  ) -> [RecordedEvent] {
    var inbound = Inbound(role: role, messageBytesMax: messageBytesMax)
    if inflates { inbound.acceptCompressed() }
    var inflater = Inflater()
    var queue = ByteQueue()
    var events: [RecordedEvent] = []
    var at = 0
    while at < stream.count {
      let size = nextSize(stream.count - at)
      queue.append(Array(stream[at..<(at + size)]))
      at += size
      var offset = 0
      queue.withBytes { bytes in
        while true {
          let next = inbound.next(bytes, at: &offset)
          if case .compressed(let isBinary, let payload) = next {
            events.append(RecordedEvent(inflating: payload, isBinary: isBinary, messageBytesMax, &inflater))
            if case .violation = events.last { return }
          } else if let event = RecordedEvent(next, inbound.isFinished ? 0 : bytes.count - offset) {
            events.append(event)
          } else {
            return
          }
        }
      }
      // As the relay does with what it cannot inflate: nothing more is read.
      if case .violation = events.last { return events }
      queue.removeFirst(offset)
    }
    return events
  }

  /// What a compressed message says; without a limit at most a mebibyte, as there are bombs.
  private init(
    inflating payload: UnsafeRawBufferPointer, isBinary: Bool, _ messageBytesMax: Int, _ inflater: inout Inflater
  ) {
    switch inflater.inflate(payload, bytesMax: messageBytesMax == 0 ? 1 << 20 : messageBytesMax) {
    case .message(let plain):
      self =
        isBinary || UTF8Validator.isValid(UnsafeRawBufferPointer(plain))
        ? .message(isBinary: isBinary, Array(plain)) : .violation(CloseCode.invalidPayload, "not UTF-8")
    case .tooBig: self = .violation(CloseCode.messageTooBig, "too big")
    case .corrupt: self = .violation(CloseCode.invalidPayload, "corrupt")
    }
  }

  /// Nil for an incomplete frame, which must need more than the `left` bytes it has.
  private init?(_ event: InboundEvent, _ left: Int) {
    switch event {
    case .compressed: preconditionFailure("is inflated")
    case .incomplete(let needed):
      precondition(needed > left, "An incomplete frame has all it needs")
      return nil
    case .message(let isBinary, let payload):
      let bytes = Array(payload)
      precondition(isBinary || String(validating: bytes, as: UTF8.self) != nil, "A text message is not UTF-8")
      self = .message(isBinary: isBinary, bytes)
    case .ping(let payload): self = .ping(Array(payload))
    case .pong(let payload): self = .pong(Array(payload))
    case .close(let code, let reason):
      precondition(code.map(CloseCode.mayBeSent) ?? true, "A forbidden close code was let through")
      self = .close(code, Array(reason))
    case .violation(let code, let reason): self = .violation(code, reason.description)
    }
  }
}
