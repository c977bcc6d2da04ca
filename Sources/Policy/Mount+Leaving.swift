import Lobby
import LuaHost
import WebSocket

/// How peers go: their connection ends, a script closes them, or nobody comes for one that was kept.
extension Mount {
  /// The connection of a peer is gone, or about to go. Does nothing for a peer that a script has closed, as its
  /// on_disconnect has run already, and for one that has another connection by now.
  public func disconnect(_ peer: PeerRef, outlet: UInt32, code: UInt16, reason: String) {
    guard unsafe core.pointee.has(peer, outlet: outlet) else { return }
    noteClose(peer, code)
    leave(peer, code: code, reason: Array(reason.utf8))
    depart()
  }

  /// The same, but on_disconnect runs with the next `continueDepartures`: when many leave at once, those who stay are
  /// served in between. Nothing reaches the peer from here on.
  public func disconnectLater(_ peer: PeerRef, outlet: UInt32, code: UInt16, reason: String) {
    guard unsafe core.pointee.has(peer, outlet: outlet), unsafe core.pointee.leaveSoon(peer) else { return }
    let isLost = unsafe core.pointee.outbox.state(of: outlet) == .vacant
    observed(.disconnect(outlet: outlet, isLost: isLost, code: code, reason: reason), MountAnswer.nothing) {
      departures.append(StagedClose(peer: peer, code: code, reason: Array(reason.utf8)))
    }
  }

  /// Whether on_disconnect is still to run for peers that have been closed.
  public var hasDepartures: Bool { !departures.isEmpty }

  /// Runs on_disconnect for those peers, at the latest until one of these calls lasts.
  public func continueDepartures() { observed(.departures, MountAnswer.nothing) { departAll() } }

  /// Writes the close frames that the last hook has asked for, and lists those peers as departing.
  private func finishCloses() {
    let closes = unsafe core.pointee.takeCloses()
    for close in closes {
      unsafe core.pointee.writeClose(close)
      departures.append(close)
    }
  }

  /// Runs on_disconnect for every peer that has been closed, and for those whom that closes in turn.
  @inline(__always)
  func depart() {
    if unsafe core.pointee.closes.isEmpty && departures.isEmpty && !breaker.hasTripped { return }
    departAll()
  }

  @inline(never)
  private func departAll() {
    finishCloses()
    while departed < departures.count {
      let close = departures[departed]
      departed += 1
      let code = close.code ?? CloseCode.noStatus
      noteClose(close.peer, code)
      leave(close.peer, code: code, reason: close.reason)
      finishCloses()
      if takeHookLasted() {
        // The others wait, so that nobody else has to: see `hasDepartures`.
        hasLasted = true
        if departed < departures.count { return }
      }
    }
    departures.removeAll()
    departed = 0
    if breaker.hasTripped { fallBack() }
  }

  private func noteClose(_ peer: PeerRef, _ code: UInt16) {
    if unsafe core.pointee.machine.isLive(peer) { unsafe core.pointee.counters.closes.note(code) }
  }

  /// Runs on_disconnect, then forgets the peer, whatever became of the hook, unless a plugin keeps it. Every script's
  /// hook is an event of its own here: a plugin that fails does not keep the policy from cleaning up.
  private func leave(_ peer: PeerRef, code: UInt16, reason: [UInt8]) {
    guard unsafe core.pointee.machine.isLive(peer) else { return }
    unsafe arguments[0] = lh_value(peer)
    unsafe arguments[1] = lh_value(Int64(code))
    unsafe core.pointee.kept.leaving = peer
    defer { unsafe core.pointee.kept.leaving = nil }
    var isKept = false
    unsafe withBytes(of: [.text(reason)]) { values in
      unsafe arguments[2] = values[0]
      withVersion(of: .peer(peer)) { version in
        for link in 0..<version.host.chain(LH_ON_DISCONNECT) {
          let (status, verdict) = timed(Int(LH_ON_DISCONNECT.rawValue), version.host, version.places) { host in
            unsafe host.callLink(LH_ON_DISCONNECT, link, arguments, 3)
          }
          finish(status, "on_disconnect", version)
          if unsafe core.pointee.kept.isWished { isKept = true }
          if status == LH_DONE && verdict { break }
        }
      }
    }
    unsafe core.pointee.kept.isWished = false
    if isKept {
      unsafe core.pointee.detach(peer, KeptPeers.Departure(code: code, reason: reason))
    } else {
      unsafe core.pointee.remove(peer)
    }
  }

  /// Nobody has come for a kept peer: it leaves after all.
  func giveUp(_ peer: PeerRef) {
    guard let departure = unsafe core.pointee.kept.departure(of: peer) else { return }
    leave(peer, code: departure.code, reason: departure.reason)
    depart()
  }
}
