/// Who is where: the peers of one mount, its lobbies and memberships. Deterministic: time and randomness
/// are passed in, and every change since the last `commit` can be taken back.
///
/// A transaction is one hook call. Its changes are visible to it at once; `rollback` undoes them in
/// reverse order, `commit` makes them final. References that are read from must be live, unless said otherwise.
///
/// A call from outside this module copies all of it first: what each message asks for again and again is inlined.
public struct LobbyMachine {
  public var limits: LobbyLimits
  /// Bumped for every peer and lobby, so that no reference ever fits a later owner of its slot.
  var nextGeneration: UInt32 = 1
  @usableFromInline var peers: [PeerRecord] = []
  var freePeers: [UInt32] = []
  @usableFromInline var lobbies: [LobbyRecord] = []
  var freeLobbies: [UInt32] = []
  var byName: [[UInt8]: UInt32] = [:]
  var timers = TimerTable()
  var mountTimers = TimerChain.empty
  var mountAttributes = Attributes()
  @usableFromInline var held = HeldTable()
  var mountHeld: [[UInt8]: [UInt64]] = [:]
  var journal: [Undo] = []
  /// The version of the scripts whose hook runs: lobbies that it creates belong to it.
  public var version: UInt32 = 0

  public private(set) var peerCount = 0
  public internal(set) var lobbyCount = 0

  public init(limits: LobbyLimits = LobbyLimits()) {
    self.limits = limits
  }

  // MARK: Peers

  /// A new peer, in no lobby. Outside any transaction.
  public mutating func addPeer() -> PeerRef {
    let slot: UInt32
    if let reused = freePeers.popLast() {
      slot = reused
    } else {
      slot = UInt32(peers.count)
      peers.append(PeerRecord())
    }
    var record = PeerRecord()
    record.generation = takeGeneration()
    record.isLive = true
    peers[Int(slot)] = record
    peerCount += 1
    return PeerRef(slot: slot, generation: record.generation)
  }

  /// Forgets a peer with its memberships, attributes and timers. Outside any transaction.
  public mutating func removePeer(_ ref: PeerRef) {
    guard isLive(ref) else { return }
    while let membership = peers[Int(ref.slot)].first { removeMember(peerSlot: ref.slot, lobbySlot: membership.lobby) }
    cancelAll(peers[Int(ref.slot)].timers)
    commit()
    peers[Int(ref.slot)] = PeerRecord()
    freePeers.append(ref.slot)
    peerCount -= 1
  }

  @inlinable
  public func isLive(_ ref: PeerRef) -> Bool {
    Int(ref.slot) < peers.count && peers[Int(ref.slot)].generation == ref.generation
      && peers[Int(ref.slot)].isLive
  }

  /// Whether a script has closed this peer. It stays a member until its disconnect hook has run.
  @inlinable
  public func isClosing(_ ref: PeerRef) -> Bool { peers[Int(ref.slot)].isClosing }

  /// Takes that mark away from a peer that stays after all. Outside any transaction.
  public mutating func reopen(_ ref: PeerRef) { peers[Int(ref.slot)].isClosing = false }

  public mutating func markClosing(_ ref: PeerRef) {
    guard isLive(ref), !peers[Int(ref.slot)].isClosing else { return }
    peers[Int(ref.slot)].isClosing = true
    journal.append(.closing(ref.slot))
  }

  /// The reference of the peer that lives in a slot now.
  public func peer(inSlot slot: UInt32) -> PeerRef {
    PeerRef(slot: slot, generation: peers[Int(slot)].generation)
  }

  /// Every live peer, in slot order.
  public var livePeers: [PeerRef] {
    peers.indices.filter { peers[$0].isLive }.map { peer(inSlot: UInt32($0)) }
  }

  // MARK: Lobbies

  @inlinable
  public func isLive(_ ref: LobbyRef) -> Bool {
    Int(ref.slot) < lobbies.count && lobbies[Int(ref.slot)].generation == ref.generation
      && lobbies[Int(ref.slot)].isLive
  }

  public func lobby(named name: [UInt8]) -> LobbyRef? { byName[name].map(lobby(inSlot:)) }

  public func name(of ref: LobbyRef) -> [UInt8] { lobbies[Int(ref.slot)].name }

  /// When it was created, in monotonic milliseconds.
  public func createdAt(_ ref: LobbyRef) -> UInt64 { lobbies[Int(ref.slot)].createdAt }

  public func isSealed(_ ref: LobbyRef) -> Bool { lobbies[Int(ref.slot)].isSealed }

  /// Every live lobby, in slot order.
  public var liveLobbies: [LobbyRef] {
    lobbies.indices.filter { lobbies[$0].isLive }.map { lobby(inSlot: UInt32($0)) }
  }

  /// `now` is in monotonic milliseconds.
  public mutating func createLobby(named name: [UInt8], now: UInt64 = 0) throws(Refusal) -> LobbyRef {
    guard byName[name] == nil else { throw .lobbyExists }
    guard within(lobbyCount, limits.lobbies) else { throw .limit("lobbies") }
    guard limits.lobbyNameBytes == 0 || name.count <= limits.lobbyNameBytes else { throw .limit("lobby_name_bytes") }
    let slot: UInt32
    if let reused = freeLobbies.popLast() {
      slot = reused
    } else {
      slot = UInt32(lobbies.count)
      lobbies.append(LobbyRecord())
    }
    var record = LobbyRecord()
    record.generation = takeGeneration()
    record.isLive = true
    record.createdAt = now
    record.version = version
    record.name = name
    lobbies[Int(slot)] = record
    byName[name] = slot
    lobbyCount += 1
    journal.append(.createdLobby(slot))
    return lobby(inSlot: slot)
  }

  /// Deletes a lobby; its members stay connected, in no lobby of this name.
  public mutating func deleteLobby(_ ref: LobbyRef) throws(Refusal) {
    guard isLive(ref) else { throw .lobbyGone }
    while isLive(ref), let last = lobbies[Int(ref.slot)].members.last {
      removeMember(peerSlot: last.peer, lobbySlot: ref.slot)
    }
    if isLive(ref) { dropLobby(ref.slot) }
  }

  public mutating func seal(_ ref: LobbyRef, _ sealed: Bool) throws(Refusal) {
    guard isLive(ref) else { throw .lobbyGone }
    journal.append(.sealed(ref.slot, was: lobbies[Int(ref.slot)].isSealed))
    lobbies[Int(ref.slot)].isSealed = sealed
  }

  // MARK: Members

  public func memberCount(_ ref: LobbyRef) -> Int { lobbies[Int(ref.slot)].members.count }

  /// Whether the limit on members is reached.
  public func isFull(_ ref: LobbyRef) -> Bool { !within(memberCount(ref), limits.membersPerLobby) }

  /// The member at a position in join order.
  public func member(_ ref: LobbyRef, at position: Int) -> (peer: PeerRef, id: MemberID) {
    let member = lobbies[Int(ref.slot)].members[position]
    return (peer(inSlot: member.peer), member.id)
  }

  public func member(_ ref: LobbyRef, integer id: Int64) -> PeerRef? {
    lobbies[Int(ref.slot)].peer(integer: id).map(peer(inSlot:))
  }

  public func member(_ ref: LobbyRef, id: MemberID) -> PeerRef? {
    lobbies[Int(ref.slot)].peer(id).map(peer(inSlot:))
  }

  /// How many lobbies a peer is in.
  public func membershipCount(_ ref: PeerRef) -> Int { peers[Int(ref.slot)].membershipCount }

  /// One of a peer's lobbies, in the order joined.
  public func lobby(of ref: PeerRef, at index: Int) -> LobbyRef? {
    peers[Int(ref.slot)].membership(index).map { lobby(inSlot: $0.lobby) }
  }

  /// The lobby that a peer joined first of those it is in.
  @inlinable
  public func firstLobby(of ref: PeerRef) -> LobbyRef? {
    guard let slot = peers[Int(ref.slot)].first?.lobby else { return nil }
    return lobby(inSlot: slot)
  }

  /// The id of a peer in a lobby, nil when it is no member.
  public func id(of peer: PeerRef, in lobby: LobbyRef) -> MemberID? {
    peers[Int(peer.slot)].membershipIndex(lobby: lobby.slot).flatMap { peers[Int(peer.slot)].membership($0)?.id }
  }

  /// The same for the common case, an integer id in the first lobby, without a copy of any id; nil otherwise.
  public func integerID(of peer: PeerRef, in lobby: LobbyRef) -> Int64? {
    guard peers[Int(peer.slot)].first?.lobby == lobby.slot, case .integer(let id) = peers[Int(peer.slot)].first?.id
    else { return nil }
    return id
  }

  public mutating func addMember(_ peer: PeerRef, to lobby: LobbyRef, as id: MemberID) throws(Refusal) {
    guard isLive(peer) else { throw .peerGone }
    guard isLive(lobby) else { throw .lobbyGone }
    let (peerSlot, lobbySlot) = (Int(peer.slot), Int(lobby.slot))
    guard peers[peerSlot].membershipIndex(lobby: lobby.slot) == nil else { throw .alreadyMember }
    guard lobbies[lobbySlot].peer(id) == nil else { throw .idTaken }
    guard within(lobbies[lobbySlot].members.count, limits.membersPerLobby) else { throw .limit("members_per_lobby") }
    guard within(peers[peerSlot].membershipCount, limits.lobbiesPerPeer) else { throw .limit("lobbies_per_peer") }
    peers[peerSlot].insert(Membership(lobby: lobby.slot, id: id), at: peers[peerSlot].membershipCount)
    lobbies[lobbySlot].insert(Member(peer: peer.slot, id: id), at: lobbies[lobbySlot].members.count)
    journal.append(.addedMember(peer: peer.slot, lobby: lobby.slot))
  }

  /// Takes a peer out of a lobby. A lobby that its last member has left is deleted, unless it is kept.
  public mutating func removeMember(_ peer: PeerRef, from lobby: LobbyRef) throws(Refusal) {
    guard isLive(peer) else { throw .peerGone }
    guard isLive(lobby) else { throw .lobbyGone }
    guard peers[Int(peer.slot)].membershipIndex(lobby: lobby.slot) != nil else { return }
    removeMember(peerSlot: peer.slot, lobbySlot: lobby.slot)
  }

  /// Gives the id of one member to a second peer, in the same place in join order.
  public mutating func replaceMember(_ old: PeerRef, in lobby: LobbyRef, by new: PeerRef) throws(Refusal) {
    guard isLive(old), isLive(new) else { throw .peerGone }
    guard isLive(lobby) else { throw .lobbyGone }
    guard peers[Int(new.slot)].membershipIndex(lobby: lobby.slot) == nil else { throw .alreadyMember }
    guard let membership = peers[Int(old.slot)].membershipIndex(lobby: lobby.slot),
      let position = lobbies[Int(lobby.slot)].members.firstIndex(where: { $0.peer == old.slot })
    else { throw .notMember }
    guard within(peers[Int(new.slot)].membershipCount, limits.lobbiesPerPeer) else { throw .limit("lobbies_per_peer") }
    let id = lobbies[Int(lobby.slot)].members[position].id
    lobbies[Int(lobby.slot)].removeMember(at: position)
    lobbies[Int(lobby.slot)].insert(Member(peer: new.slot, id: id), at: position)
    peers[Int(old.slot)].removeMembership(at: membership)
    peers[Int(new.slot)].insert(Membership(lobby: lobby.slot, id: id), at: peers[Int(new.slot)].membershipCount)
    journal.append(.replacedMember(old: old.slot, new: new.slot, lobby: lobby.slot, position: position, at: membership))
  }

  /// Up to `count` members drawn at random, each set as likely as any other; `except` is left out.
  public func randomMembers(
    _ ref: LobbyRef, count: Int, except: PeerRef?, random: inout RandomSource
  ) -> [PeerRef] {
    var candidates = lobbies[Int(ref.slot)].members.map { peer(inSlot: $0.peer) }.filter { $0 != except }
    let wanted = min(max(count, 0), candidates.count)
    for index in 0..<wanted {
      candidates.swapAt(index, index + Int(random.next(below: UInt64(candidates.count - index))))
    }
    return Array(candidates.prefix(wanted))
  }

  // MARK: Inside

  @inlinable
  func lobby(inSlot slot: UInt32) -> LobbyRef {
    LobbyRef(slot: slot, generation: lobbies[Int(slot)].generation)
  }

  func within(_ count: Int, _ limit: Int) -> Bool { limit == 0 || count < limit }

  private mutating func takeGeneration() -> UInt32 {
    defer { nextGeneration &+= 1 }
    return nextGeneration
  }

  private mutating func removeMember(peerSlot: UInt32, lobbySlot: UInt32) {
    guard let membership = peers[Int(peerSlot)].membershipIndex(lobby: lobbySlot),
      let position = lobbies[Int(lobbySlot)].members.firstIndex(where: { $0.peer == peerSlot })
    else { return }
    let id = lobbies[Int(lobbySlot)].members[position].id
    lobbies[Int(lobbySlot)].removeMember(at: position)
    peers[Int(peerSlot)].removeMembership(at: membership)
    journal.append(.removedMember(peer: peerSlot, lobby: lobbySlot, id: id, position: position, at: membership))
    if lobbies[Int(lobbySlot)].members.isEmpty, !isKept(lobbySlot) { dropLobby(lobbySlot) }
  }

  mutating func dropLobby(_ slot: UInt32) {
    stopKeeping(slot)
    cancelAll(lobbies[Int(slot)].timers)
    forgetAllHeld(of: slot)
    let record = lobbies[Int(slot)]
    lobbies[Int(slot)] = LobbyRecord()
    byName[record.name] = nil
    freeLobbies.append(slot)
    lobbyCount -= 1
    journal.append(.deletedLobby(slot, record))
  }
}
