import Bytes
import Policy
import Reactor

extension Relay {
  /// Sends what this turn has brought: one write for each connection that has something new.
  func flush() {
    while let slot = outbox.takeTouched() {
      guard connections.isLive(slot) else { continue }
      if connections[slot].phase == .open, outbox.state(of: slot) == .closing {
        connections[slot].phase = .closing
        setDeadline(slot, in: limits.closeMilliseconds)
      }
      // Where there was no room there is none until the kernel says so.
      if !connections[slot].isBlocked { flush(slot) }
    }
  }

  /// Sends to one connection what waits for it.
  func flush(_ slot: UInt32) {
    let result = outbox.withQueue(slot) { queue in
      unsafe queue.withBytes { unsafe connections[slot].stream.write(UnsafeRawBufferPointer($0)) }
    }
    var isTaken = false
    switch result {
    case .bytes(let count):
      outbox.sent(slot, count: count)
      isTaken = count > 0
      counters.bytesOut &+= UInt64(count)
      // Whoever goes on reading what is left of a long answer may take its time.
      if count > 0, connections[slot].phase == .closing || connections[slot].phase == .draining {
        setDeadline(slot, in: limits.closeMilliseconds)
      }
    case .wouldBlock: break
    case .failed: return lose(slot)
    }
    let isWaiting = outbox.waiting(slot) > 0
    let isBlocked = connections[slot].stream.wantsRoom(toWrite: isWaiting)
    if isWaiting || connections[slot].isBlocked { noteTaking(slot, isBlocked: isWaiting, isTaken: isTaken) }
    if isBlocked != connections[slot].isBlocked { watch(slot, blocked: isBlocked) }
    guard connections.isLive(slot), connections[slot].phase == .draining, !isWaiting else { return }
    if continueFile(slot) { return }
    if connections[slot].isEnded { drop(slot) } else { shutWrite(slot) }
  }

  func watch(_ slot: UInt32, blocked: Bool) {
    connections[slot].isBlocked = blocked
    let token = Token(slot: slot, generation: connections[slot].generation)
    var interest = blocked ? [.reading, .writing] : Interest.reading
    if connections[slot].isEnded { interest = connections[slot].phase == .awaiting ? .none : .writing }
    do throws(SystemError) {
      try reactor.modify(connections[slot].stream.descriptor, interest, token)
    } catch {
      log.error("a connection could not be watched: \(error)")
      lose(slot)
    }
  }

  /// Everything is sent: the end of the stream is said, and the client's awaited.
  private func shutWrite(_ slot: UInt32) {
    guard !connections[slot].isShut else { return }
    connections[slot].isShut = true
    connections[slot].stream.shutdownWrite()
  }
}
