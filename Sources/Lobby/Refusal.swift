/// Why the machine refuses a change. Nothing has been changed then.
public enum Refusal: Error, Equatable, Sendable {
  case peerGone
  case lobbyGone
  case lobbyExists
  case alreadyMember
  case notMember
  case idTaken
  /// The name of the limit, as `--limit` takes it.
  case limit(StaticString)

  /// Static strings do not compare.
  public static func == (one: Refusal, other: Refusal) -> Bool { one.message == other.message }

  /// What a script author reads.
  public var message: String {
    switch self {
    case .peerGone: "the peer has disconnected"
    case .lobbyGone: "the lobby has been deleted"
    case .lobbyExists: "a lobby of this name exists"
    case .alreadyMember: "the peer is a member of this lobby already"
    case .notMember: "the peer is not a member of this lobby"
    case .idTaken: "the id is taken in this lobby"
    case .limit(let name): "limit \(name) reached"
    }
  }
}
