import Lobby

/// Peers that are without a connection, and what the running hook wants to do about one.
struct KeptPeers {
  /// How the connection of a kept peer ended: told once more when nobody has come in time.
  struct Departure {
    let code: UInt16
    let reason: [UInt8]
  }

  /// The timer that ends the wait. No script can have one of this name, which would be "".
  static let timer: [UInt8] = []

  /// By peer slot.
  private var departures: [UInt32: Departure] = [:]
  /// The peer that the running on_disconnect is about, and whether it is to stay.
  var leaving: PeerRef?
  var isWished = false
  /// The peer that the running on_connect is about, and who is to have its connection.
  var arriving: PeerRef?
  var heir: PeerRef?

  var count: Int { departures.count }

  func departure(of peer: PeerRef) -> Departure? { departures[peer.slot] }

  func contains(_ peer: PeerRef) -> Bool { departures[peer.slot] != nil }

  mutating func insert(_ peer: PeerRef, _ departure: Departure) { departures[peer.slot] = departure }

  @discardableResult
  mutating func remove(_ peer: PeerRef) -> Departure? { departures.removeValue(forKey: peer.slot) }

  /// The hook has failed.
  mutating func forgetWishes() {
    isWished = false
    heir = nil
  }
}

extension MountCore {
  /// `peer:keep(seconds)`: false when it is too late or there are too many.
  mutating func keep(_ peer: PeerRef, seconds: Double) throws(OperationError) -> Bool {
    guard kept.leaving == peer else { throw OperationError("a peer is kept in its own on_disconnect") }
    guard seconds > 0, seconds < 1e6 else { throw OperationError("seconds must be above 0 and below 1e6") }
    guard !kept.contains(peer), limits.keptPeers == 0 || kept.count < limits.keptPeers else { return false }
    let deadline = now + max(1, UInt64((seconds * 1000).rounded(.up)))
    try refusing { () throws(Refusal) in
      try machine.startTimer(KeptPeers.timer, on: .peer(peer), deadline: deadline, isLimited: false)
    }
    kept.isWished = true
    return true
  }

  /// `peer:take_over(newcomer)`.
  mutating func takeOver(_ peer: PeerRef, from newcomer: PeerRef) throws(OperationError) {
    guard kept.arriving == newcomer else { throw OperationError("a connection is taken over in its own on_connect") }
    guard machine.isLive(peer), !machine.isClosing(peer) else { throw OperationError(.peerGone) }
    guard peer != newcomer else { throw OperationError("a peer cannot take over its own connection") }
    kept.heir = peer
  }

  /// Leaves the peer where it is, without a connection. Outside any transaction.
  mutating func detach(_ peer: PeerRef, _ departure: KeptPeers.Departure) {
    machine.reopen(peer)
    outlets[Int(peer.slot)] = outbox.openDetached()
    kept.insert(peer, departure)
  }

  /// Gives the newcomer's connection to the peer that takes it over, and forgets the newcomer. Outside any transaction.
  mutating func moveConnection(from newcomer: PeerRef, to peer: PeerRef) {
    let (old, new) = (outlets[Int(peer.slot)], outlets[Int(newcomer.slot)])
    if kept.remove(peer) != nil {
      outbox.move(old, to: new)
      _ = try? machine.cancelTimer(KeptPeers.timer, on: .peer(peer))
      machine.commit()
    } else {
      outbox.appendClose(to: old, code: 4000, reason: "Resumed elsewhere")
    }
    outlets[Int(peer.slot)] = new
    addresses[Int(peer.slot)] = addresses[Int(newcomer.slot)]
    machine.removePeer(newcomer)
  }

  /// Forgets a peer for good. Outside any transaction.
  mutating func remove(_ peer: PeerRef) {
    if kept.remove(peer) != nil { outbox.release(outlets[Int(peer.slot)]) }
    machine.removePeer(peer)
  }
}
