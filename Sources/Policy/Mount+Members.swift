import Lobby

/// Who is where, for those who look on.
extension Mount {
  /// The lobby of this name; nil when there is none.
  public func lobby(named name: [UInt8]) -> LobbyRef? { unsafe core.pointee.machine.lobby(named: name) }

  public func isLive(_ lobby: LobbyRef) -> Bool { unsafe core.pointee.machine.isLive(lobby) }

  /// The id of a peer in a lobby; nil when it is no member, or one of them is gone.
  public func id(of peer: PeerRef, in lobby: LobbyRef) -> MemberID? {
    guard isLive(peer), isLive(lobby) else { return nil }
    return unsafe core.pointee.machine.id(of: peer, in: lobby)
  }
}
