import Lobby
import Policy

/// The lobbies that the operator looks at. A mount and the outbox have an observer only while there are some.
struct Tails {
  /// So many at a time.
  static let tailsMax = 4
  /// A tail that nobody asks for so long ends.
  static let idleMilliseconds: UInt64 = 10_000

  /// Whether what messages say may be looked at.
  var arePayloadsAllowed = false
  private var tails: [Tail] = []

  var isEmpty: Bool { tails.isEmpty }

  /// When one may end next, in monotonic milliseconds; nil when there is none.
  var deadline: UInt64? { tails.map { $0.askedAt + Self.idleMilliseconds }.min() }

  /// The one of a lobby, also of one that has been deleted meanwhile.
  func tail(of name: [UInt8], at mount: Mount) -> Tail? { tails.first { $0.mount === mount && $0.name == name } }

  /// Nil when there are as many as may be.
  mutating func begin(_ tail: Tail, _ outbox: Outbox) -> Tail? {
    guard tails.count < Self.tailsMax else { return nil }
    tails.append(tail)
    tail.mount.addObserver(tail)
    outbox.addObserver(tail)
    return tail
  }

  mutating func end(_ ended: Tail, _ outbox: Outbox) {
    tails.removeAll { $0 === ended }
    ended.mount.removeObserver(ended)
    outbox.removeObserver(ended)
  }

  /// Ends those that nobody looks at any longer.
  mutating func endIdle(now: UInt64, _ outbox: Outbox) {
    for tail in tails where now >= tail.askedAt + Self.idleMilliseconds { end(tail, outbox) }
  }
}
