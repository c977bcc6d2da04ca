/// Where several versions of the scripts run at once, each lobby belongs to one of them.
extension LobbyMachine {
  public func version(of ref: LobbyRef) -> UInt32 { lobbies[Int(ref.slot)].version }

  /// The oldest of the versions that a peer's lobbies belong to; nil when it is in none.
  public func oldestVersion(of ref: PeerRef) -> UInt32? {
    (0..<membershipCount(ref)).compactMap { lobby(of: ref, at: $0).map(version(of:)) }.min()
  }

  /// How many lobbies belong to a version.
  public func lobbyCount(ofVersion version: UInt32) -> Int {
    lobbies.reduce(0) { $0 + ($1.isLive && $1.version == version ? 1 : 0) }
  }

  /// Has the lobbies of one version, or all of them, belong to `version` from here on. Outside any transaction.
  public mutating func adoptLobbies(of other: UInt32? = nil) {
    for slot in lobbies.indices where other == nil || lobbies[slot].version == other { lobbies[slot].version = version }
  }
}
