import Policy
import WebSocket

/// Peers that keep the relay busy or waiting: slow senders and readers, floods of control frames, a lack of buffers.
extension Relay {
  // MARK: Time

  /// Notes at the end of a read whether a message has been begun and is still to be completed; `isAnother`: it is not
  /// the one of the last read, which was completed.
  @inline(__always)
  func noteArriving(_ slot: UInt32, _ isArriving: Bool, isAnother: Bool) {
    guard isArriving || connections[slot].arriving.isSet else { return }
    guard isArriving else { return connections[slot].arriving.unset() }
    guard isAnother || !connections[slot].arriving.isSet else { return }
    connections[slot].arriving.set(now)
    schedule(slot)
  }

  /// Notes after a write that something still waits, and since when the kernel has taken nothing of it.
  func noteTaking(_ slot: UInt32, isBlocked: Bool, isTaken: Bool) {
    guard isBlocked else { return connections[slot].stalled.unset() }
    guard isTaken || !connections[slot].stalled.isSet else { return }
    connections[slot].stalled.set(now)
    schedule(slot)
  }

  /// Whether a peer has been too slow, and is on its way out for it.
  func endSlowPeer(_ slot: UInt32) -> Bool {
    if connections[slot].stalled.end(of: limits.stalledMilliseconds, now: now) <= now {
      counters.stalled += 1
      log.closed(at: "stalled_milliseconds (\(limits.stalledMilliseconds))", about: subject(of: slot))
      // A close frame would wait behind what is not read.
      lose(slot)
      return true
    }
    guard connections[slot].arriving.end(of: limits.messageMilliseconds, now: now) <= now else { return false }
    counters.slowSenders += 1
    close(slot, code: CloseCode.policyViolation, reason: "Too slow: the message took too long")
    return true
  }

  // MARK: Control frames

  /// Counts a ping or pong. Each ping costs an answer.
  func maySendControl(_ slot: UInt32) -> Bool {
    guard connections[slot].phase == .open else { return false }
    if connections[slot].allowance.spendControl(now: now, most: limits.controlFramesPerSecond) { return true }
    counters.controlFloods += 1
    close(slot, code: CloseCode.policyViolation, reason: "Too many pings or pongs")
    return false
  }

  // MARK: Buffers

  /// Notes what a connection keeps of what has arrived. Who makes that grow when memory is short is closed.
  @inline(__always)
  func countBuffers(_ slot: UInt32) {
    guard connections.isLive(slot) else { return }
    let bytes = connections[slot].pending.blockCount + connections[slot].inbound.blockCount
    if bytes != Int(connections[slot].counted) { countBuffers(slot, bytes) }
  }

  @inline(never)
  private func countBuffers(_ slot: UInt32, _ bytes: Int) {
    let before = Int(connections[slot].counted)
    let counted = UInt32(clamping: bytes)
    connections[slot].counted = counted
    outbox.buffers.bytes += Int(counted) - before
    guard bytes > before, !outbox.buffers.mayGrow(from: before, by: 0) else { return }
    endForBuffers(slot)
  }

  private func endForBuffers(_ slot: UInt32) {
    switch connections[slot].phase {
    case .handshake: if hasBuffers(slot) { return }
    case .open:
      counters.outOfBuffers += 1
      log.closed(at: "buffer_bytes (\(limits.bufferBytes))", about: subject(of: slot))
      close(slot, code: CloseCode.tryAgainLater, reason: "The relay is out of buffers")
      // What it sends is no longer looked at, not even for its close frame.
      connections[slot].phase = .draining
    case .proxied:
      counters.refusedForBuffers += 1
      return drop(slot)
    case .awaiting, .closing, .draining: break
    }
    forgetArrived(slot)
  }

  private func forgetArrived(_ slot: UInt32) {
    connections[slot].pending.removeAll()
    connections[slot].inbound.finish()
    outbox.buffers.bytes -= Int(connections[slot].counted)
    connections[slot].counted = 0
  }

  /// Whether there is memory for a newcomer, who is told if not. The operator always gets an answer.
  func hasBuffers(_ slot: UInt32) -> Bool {
    guard connections[slot].purpose != .operator, outbox.buffers.isShort else { return true }
    counters.refusedForBuffers += 1
    answer(slot, status: 503, body: "The relay is out of buffers.\n")
    return false
  }
}
