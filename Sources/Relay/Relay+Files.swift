import Bytes
import HTTP
import Reactor

/// Files on their way to browsers: of each, no more waits in memory than a piece.
extension Relay {
  private static let pieceBytes = 64 << 10

  func answer(_ slot: UInt32, _ shown: StaticAnswer, omitsBody: Bool) {
    finish(slot) { $0.appendResponse(status: shown.status, headers: shown.headers, bodyBytes: shown.file?.size ?? 0) }
    guard let file = shown.file, !omitsBody, !file.isAtEnd else { return }
    // What the kernel holds back would let a slow reader seem to stand still.
    connections[slot].stream.limitSendBuffer(bytes: 2 * Self.pieceBytes)
    connections[slot].file = file
  }

  /// Puts the next piece behind what has been sent; false when there is none.
  func continueFile(_ slot: UInt32) -> Bool {
    guard let file = connections[slot].file else { return false }
    let piece = file.next(Self.pieceBytes)
    if piece.isEmpty && !file.isAtEnd {
      // It is shorter than its head has said: the client has to notice.
      drop(slot)
      return true
    }
    if file.isAtEnd { connections[slot].file = nil }
    outbox.withQueue(slot) { $0.append(piece) }
    // It is sent in the next turn, so that a fast reader leaves time for the others.
    watch(slot, blocked: true)
    return true
  }
}
