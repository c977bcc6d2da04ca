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
    _ stream: [UInt8], role: Role, messageBytesMax: Int, nextSize: (_ left: Int) -> Int
  ) -> [RecordedEvent] {
    var inbound = Inbound(role: role, messageBytesMax: messageBytesMax)
    var queue = ByteQueue()
    var events: [RecordedEvent] = []
    var at = 0
    while at < stream.count {
      let size = nextSize(stream.count - at)
      queue.append(Array(stream[at..<(at + size)]))
      at += size
      var offset = 0
      queue.withBytes { bytes in
        while let event = RecordedEvent(inbound.next(bytes, at: &offset), inbound.isFinished ? 0 : bytes.count - offset)
        {
          events.append(event)
        }
      }
      queue.removeFirst(offset)
    }
    return events
  }

  /// Nil for an incomplete frame, which must need more than the `left` bytes it has.
  private init?(_ event: InboundEvent, _ left: Int) {
    switch event {
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
