import HTTP
import Policy
import WebSocket

extension Relay {
  /// How long one turn sees to connections whose time has come; thousands may have begun together.
  private static let deadlineMicroseconds: UInt64 = 500
  /// How many it ends, answers or pings: to send that, at the turn's end, takes longer than to write it.
  private static let expiriesMax = 32

  /// Sees to it that the deadline of a connection is met. A later deadline needs no new entry: the one that
  /// is due first finds that it is too early and enters itself again.
  func schedule(_ slot: UInt32) {
    let deadline = due(slot)
    guard deadline < connections[slot].scheduled else { return }
    connections[slot].scheduled = deadline
    deadlines.insert(deadline: deadline, payload: UInt64(connections[slot].generation) << 32 | UInt64(slot))
  }

  /// When a connection has to be looked at: at its deadline, or when a peer has been slow for too long.
  private func due(_ slot: UInt32) -> UInt64 {
    let deadline = connections[slot].deadline
    guard connections[slot].phase == .open else { return deadline }
    return min(
      deadline, connections[slot].arriving.end(of: limits.messageMilliseconds, now: now),
      connections[slot].stalled.end(of: limits.stalledMilliseconds, now: now))
  }

  func setDeadline(_ slot: UInt32, in milliseconds: Int) {
    connections[slot].deadline = now + UInt64(milliseconds)
    schedule(slot)
  }

  func fireDeadlines() {
    while !isTurnOver, mounts.fireTimer() { lookAtClock() }
    guard let first = deadlines.peek?.deadline, first <= now else { return }
    loopTimes.noteLag(milliseconds: now - first)
    let slice = TimeSlice(microseconds: Self.deadlineMicroseconds)
    var left = Self.expiriesMax
    while !isTurnOver, left > 0, !slice.isOver, let deadline = deadlines.peek?.deadline,
      let payload = deadlines.popDue(now: now)
    {
      let slot = UInt32(truncatingIfNeeded: payload)
      if slot >= Source.listenersFrom {
        resumeListener(at: Int(slot - Source.listenersFrom))
        continue
      }
      guard connections.isLive(slot, UInt32(truncatingIfNeeded: payload >> 32)) else { continue }
      // An earlier entry has come in between. Entered anew with each of those, entries would become ever more.
      guard connections[slot].scheduled == deadline else { continue }
      connections[slot].scheduled = .max
      if due(slot) > now {
        schedule(slot)
      } else {
        expire(slot)
        left -= 1
        lookAtClock()
      }
    }
  }

  private func expire(_ slot: UInt32) {
    switch connections[slot].phase {
    case .proxied:
      counters.handshakesTimedOut += 1
      drop(slot)
    case .handshake:
      guard connections[slot].stream.isEstablished else { return failTLS(slot, "the handshake took too long") }
      counters.handshakesTimedOut += 1
      answer(slot, status: 408, body: "The request took too long.\n")
    case .open:
      if endSlowPeer(slot) { return }
      keepAlive(slot)
    case .awaiting: connections[slot].deadline = .max
    case .closing, .draining: drop(slot)
    }
  }

  /// Pings a peer (RFC 6455 §5.5.2), or gives it up when nothing at all has come since the last ping.
  private func keepAlive(_ slot: UInt32) {
    guard limits.pingMilliseconds > 0 else { return setPingDeadline(slot) }
    guard connections[slot].wasHeard else {
      counters.vanished += 1
      return lose(slot)
    }
    connections[slot].wasHeard = false
    unsafe outbox.appendControl(to: slot, .ping, UnsafeRawBufferPointer(start: nil, count: 0))
    setPingDeadline(slot)
  }

  /// When a peer is to be pinged next; never without pings.
  func setPingDeadline(_ slot: UInt32) {
    setDeadline(slot, in: limits.pingMilliseconds > 0 ? limits.pingMilliseconds : RelayLimits.unreachable)
  }
}
