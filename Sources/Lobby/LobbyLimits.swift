/// What one mount's lobbies may grow to. Zero means no limit.
public struct LobbyLimits: Sendable {
  public var lobbies = 65_536
  public var lobbyNameBytes = 256
  public var membersPerLobby = 4096
  public var lobbiesPerPeer = 64
  public var timersPerSubject = 16
  public var attributeBytes = 4096

  public init() {}
}

/// Why the machine refuses a change. Nothing has been changed then.
public enum Refusal: Error, Equatable, Sendable {
  case peerGone
  case lobbyGone
  case lobbyExists
  case alreadyMember
  case idTaken
  case limit(StaticString)

  public static func == (one: Refusal, other: Refusal) -> Bool { one.message == other.message }

  /// What a script author reads.
  public var message: String {
    switch self {
    case .peerGone: "the peer has disconnected"
    case .lobbyGone: "the lobby has been deleted"
    case .lobbyExists: "a lobby of this name exists"
    case .alreadyMember: "the peer is a member of this lobby already"
    case .idTaken: "the id is taken in this lobby"
    case .limit(let name): "limit \(name) reached"
    }
  }
}
