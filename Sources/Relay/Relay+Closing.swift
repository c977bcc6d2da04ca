import Lobby
import Policy
import Reactor
import WebSocket

extension Relay {
  /// Closes a WebSocket from our side, and tells its policy.
  func close(_ slot: UInt32, code: UInt16, reason: String) {
    let peer = connections[slot].peer
    log.debug("closing with \(code) \(reason)", about: subject(of: slot))
    outbox.appendClose(to: slot, code: code, reason: reason)
    connections[slot].phase = .closing
    setDeadline(slot, in: limits.closeMilliseconds)
    mount(of: slot).disconnectLater(peer, outlet: slot, code: code, reason: reason)
  }

  /// Whether more waits for a peer than messages alone can make it: they stay below `queued_bytes` of its mount.
  func isPiling(_ slot: UInt32) -> Bool {
    guard connections[slot].phase == .open else { return false }
    let queuedBytes = mount(of: slot).limits.queuedBytes
    // What one read brings may be pings alone, and its pongs have not been sent yet.
    return queuedBytes > 0 && outbox.waiting(slot) > queuedBytes + Self.readBytes
  }

  /// Closes a peer that asks for pongs and reads none.
  func closeHoarder(_ slot: UInt32) {
    counters.hoarders += 1
    log.closed(at: "queued_bytes (\(mount(of: slot).limits.queuedBytes))", about: subject(of: slot))
    close(slot, code: CloseCode.tryAgainLater, reason: "Too slow: pongs for you are piling up")
  }

  /// The connection is gone without a word (RFC 6455 §7.1.5: 1006).
  func lose(_ slot: UInt32) {
    let (phase, peer) = (connections[slot].phase, connections[slot].peer)
    let mount = connections[slot].mount
    drop(slot)
    guard phase == .open, let mount else { return }
    mounts[mount].disconnectLater(peer, outlet: slot, code: CloseCode.abnormal, reason: "")
  }

  /// Forgets a connection and closes its socket. For one that has not taken all, the kernel would go on for minutes.
  func drop(_ slot: UInt32) {
    if outbox.waiting(slot) > 0 { connections[slot].stream.resetOnClose() }
    log.debug("a connection has ended", about: subject(of: slot))
    if connections[slot].purpose == .operator {
      operatorCount -= 1
    } else if isCounted(connections[slot].host) {
      perAddress.leave(connections[slot].host)
    }
    outbox.buffers.bytes -= Int(connections[slot].counted)
    outbox.release(slot)
    if let mount = connections[slot].mount { mounts.leave(mount) }
    connections.remove(slot)
  }

  /// Whether a shutdown has nothing to wait for: everything is sent, every leave is taken.
  var isEverybodyGone: Bool {
    if mounts.hasDepartures { return false }
    for slot in 0..<UInt32(connections.slotCount) where connections.isLive(slot) {
      if connections[slot].phase != .draining || !connections[slot].isShut { return false }
    }
    return true
  }

  enum AfterSignal {
    case goOn
    case exitNow
  }

  /// SIGTERM ends the relay as `end` does, SIGINT shuts down. A second one ends a drain, and a shutdown at once.
  func takeSignals() -> AfterSignal {
    while let signal = signals.next() {
      switch signal {
      case .hangup: reloadBySignal()
      case .upgrade: handOverBySignal()
      case .terminate, .interrupt:
        if graceEnds != nil {
          log.warning("another signal: leaving at once")
          return .exitNow
        }
        if signal == .terminate { end() } else { shutDown() }
      }
    }
    return .goOn
  }

  /// Stops accepting and closes everyone with 1001. Policies hear of it, but can no longer send.
  func shutDown() {
    log.info("shutting down: \(connections.count) connections")
    graceEnds = now + UInt64(limits.graceMilliseconds)
    readiness = .notReady("shutting down")
    for place in listeners.places { close(listener: place) }
    life.service?.tell("STOPPING=1", "STATUS=shutting down")
    life.drain = nil
    abandonHandOver("the relay shuts down")
    abandonTrial()
    for slot in 0..<UInt32(connections.slotCount) where connections.isLive(slot) {
      if connections[slot].phase == .open {
        outbox.appendClose(to: slot, code: CloseCode.goingAway, reason: "The server is shutting down")
      } else if connections[slot].phase == .handshake || connections[slot].phase == .proxied {
        drop(slot)
      }
    }
    for slot in 0..<UInt32(connections.slotCount) where connections.isLive(slot) && connections[slot].mount != nil {
      mount(of: slot).disconnectLater(
        connections[slot].peer, outlet: slot, code: CloseCode.goingAway, reason: "The server is shutting down")
    }
  }
}
