import Conversation
import Policy
import WebSocket

/// Listens to what connections are sent while one event runs. What the wire says by itself, outside any event, is not
/// heard.
final class Ear: OutboxObserver {
  /// Who has which outlet.
  var peers: [UInt32: Int] = [:]
  private(set) var hearings: [RecordedEvent.Hearing] = []
  var isListening = false
  private var inflater = Inflater()

  func sends(_ frames: UnsafeMutableRawBufferPointer, to outlet: UInt32) {
    guard isListening, let peer = peers[outlet] else { return }
    var inbound = Inbound(role: .client, messageBytesMax: 0)
    inbound.acceptCompressed()
    var offset = 0
    while true {
      let heard: Heard
      switch unsafe inbound.next(frames, at: &offset) {
      case .message(true, let payload): heard = .binary(unsafe [UInt8](payload))
      case .message(false, let payload): heard = .text(unsafe [UInt8](payload))
      case .compressed(let isBinary, let payload):
        guard case .message(let plain) = unsafe inflater.inflate(payload, bytesMax: 0) else { return }
        heard = unsafe isBinary ? .binary([UInt8](plain)) : .text([UInt8](plain))
      case .close(let code, let reason): heard = .closed(code: code, reason: unsafe [UInt8](reason))
      case .ping, .pong: continue
      case .incomplete, .violation: return
      }
      hearings.append(RecordedEvent.Hearing(peer: peer, heard))
    }
  }

  func take() -> [RecordedEvent.Hearing] {
    defer { hearings = [] }
    return hearings
  }
}
