/// What one mount's lobbies may grow to. Zero means no limit.
public struct LobbyLimits: Sendable, Equatable {
  public var lobbies = 65_536
  public var lobbyNameBytes = 256
  public var membersPerLobby = 4096
  public var lobbiesPerPeer = 64
  public var timersPerSubject = 16
  /// Names and values of one subject's attributes; also the name and arguments of one timer.
  public var attributeBytes = 4096
  /// Messages that wait under one key, and bytes of all that wait: texts, keys and what keeping them costs.
  public var heldMessages = 64
  public var heldBytes = 16 << 20

  public init() {}
}
