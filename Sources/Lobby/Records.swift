/// One lobby that a peer is in.
@usableFromInline
struct Membership {
  @usableFromInline var lobby: UInt32
  var id: MemberID
}

/// One peer as the machine keeps it. Most peers are in one lobby, so the first membership is inline.
@usableFromInline
struct PeerRecord {
  @usableFromInline var generation: UInt32 = 0
  @usableFromInline var isLive = false
  @usableFromInline var isClosing = false
  @usableFromInline var first: Membership?
  var others: [Membership] = []
  var timers = TimerChain.empty
  var attributes = Attributes()

  var membershipCount: Int { (first == nil ? 0 : 1) + others.count }

  func membership(_ index: Int) -> Membership? { index == 0 ? first : others[index - 1] }

  func membershipIndex(lobby: UInt32) -> Int? {
    if first?.lobby == lobby { return 0 }
    return others.firstIndex { $0.lobby == lobby }.map { $0 + 1 }
  }

  mutating func insert(_ membership: Membership, at index: Int) {
    guard index == 0 else { return others.insert(membership, at: index - 1) }
    if let pushed = first { others.insert(pushed, at: 0) }
    first = membership
  }

  mutating func removeMembership(at index: Int) {
    if index > 0 {
      others.remove(at: index - 1)
    } else {
      first = others.isEmpty ? nil : others.removeFirst()
    }
  }
}

/// One member of a lobby.
struct Member {
  var peer: UInt32
  var id: MemberID
}

/// One lobby as the machine keeps it: its members in join order.
@usableFromInline
struct LobbyRecord {
  /// With so many members, ids are looked up in an index; few are found faster one by one.
  static let indexedFrom = 9

  @usableFromInline var generation: UInt32 = 0
  @usableFromInline var isLive = false
  var isSealed = false
  /// In monotonic milliseconds.
  var createdAt: UInt64 = 0
  /// Of the scripts: it runs the events of the members.
  var version: UInt32 = 0
  var name: [UInt8] = []
  var members: [Member] = []
  private var index: [MemberID: UInt32] = [:]
  var timers = TimerChain.empty
  var attributes = Attributes()
  /// Numbers of the messages that wait, by key.
  var held: [[UInt8]: [UInt64]] = [:]
  /// The timer until which the lobby stays though it is empty; `.max` when there is none.
  var keeping = UInt32.max

  func peer(_ id: MemberID) -> UInt32? {
    if members.count >= Self.indexedFrom { return index[id] }
    for member in members where member.id == id { return member.peer }
    return nil
  }

  /// The same for the common kind of id, without a copy of any id.
  func peer(integer wanted: Int64) -> UInt32? {
    if members.count >= Self.indexedFrom { return index[.integer(wanted)] }
    for position in members.indices {
      if case .integer(let id) = members[position].id, id == wanted { return members[position].peer }
    }
    return nil
  }

  mutating func insert(_ member: Member, at position: Int) {
    members.insert(member, at: position)
    if members.count > Self.indexedFrom {
      index[member.id] = member.peer
    } else if members.count == Self.indexedFrom {
      for each in members { index[each.id] = each.peer }
    }
  }

  mutating func removeMember(at position: Int) {
    let id = members.remove(at: position).id
    if members.count >= Self.indexedFrom { index[id] = nil } else { index = [:] }
  }
}
