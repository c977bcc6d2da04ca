/// Names one peer for as long as it lives. A reference that outlives its peer is noticed: the slot is
/// used again, the generation never is.
public struct PeerRef: Hashable, Sendable {
  public let slot: UInt32
  public let generation: UInt32

  public init(slot: UInt32, generation: UInt32) {
    self.slot = slot
    self.generation = generation
  }
}

/// Names one lobby for as long as it lives.
public struct LobbyRef: Hashable, Sendable {
  public let slot: UInt32
  public let generation: UInt32

  public init(slot: UInt32, generation: UInt32) {
    self.slot = slot
    self.generation = generation
  }
}

/// What a timer or an attribute belongs to.
public enum Subject: Hashable, Sendable {
  case peer(PeerRef)
  case lobby(LobbyRef)
  case mount
}

/// The id under which a peer is known in one lobby.
public enum MemberID: Hashable, Sendable {
  case integer(Int64)
  case text([UInt8])
}
