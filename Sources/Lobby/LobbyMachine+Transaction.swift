/// What takes one change back.
enum Undo {
  case closing(UInt32)
  case createdLobby(UInt32)
  case deletedLobby(UInt32, LobbyRecord)
  case sealed(UInt32, was: Bool)
  case addedMember(peer: UInt32, lobby: UInt32)
  case removedMember(peer: UInt32, lobby: UInt32, id: MemberID, position: Int, at: Int)
  case replacedMember(old: UInt32, new: UInt32, lobby: UInt32, position: Int, at: Int)
  case attribute(Subject, key: [UInt8], was: PlainValue?)
  case startedTimer(UInt32)
  case cancelledTimer(UInt32, TimerRecord)
  case startedKeeping(UInt32)
  case stoppedKeeping(UInt32, UInt32, TimerRecord)
  case held(UInt64)
  case releasedHeld(UInt64, HeldMessage)
  case forgotHeld([UInt8], Subject, [UInt64])
}

extension LobbyMachine {
  /// Makes everything since the last `commit` or `rollback` final.
  public mutating func commit() {
    guard !journal.isEmpty else { return }
    journal.removeAll(keepingCapacity: journal.capacity < 4096)
    timers.compact()
    held.compact()
  }

  /// Takes everything since the last `commit` or `rollback` back, last change first.
  public mutating func rollback() {
    guard !journal.isEmpty else { return }
    while let undo = journal.popLast() { takeBack(undo) }
    timers.compact()
    held.compact()
  }

  private mutating func takeBack(_ undo: Undo) {
    switch undo {
    case .closing(let slot):
      peers[Int(slot)].isClosing = false
    case .createdLobby(let slot):
      byName[lobbies[Int(slot)].name] = nil
      lobbies[Int(slot)] = LobbyRecord()
      freeLobbies.append(slot)
      lobbyCount -= 1
    case .deletedLobby(let slot, let record):
      lobbies[Int(slot)] = record
      byName[record.name] = slot
      freeLobbies.removeLast()
      lobbyCount += 1
    case .sealed(let slot, let was):
      lobbies[Int(slot)].isSealed = was
    case .addedMember(let peer, let lobby):
      lobbies[Int(lobby)].removeMember(at: lobbies[Int(lobby)].members.count - 1)
      peers[Int(peer)].removeMembership(at: peers[Int(peer)].membershipCount - 1)
    case .removedMember(let peer, let lobby, let id, let position, let index):
      lobbies[Int(lobby)].insert(Member(peer: peer, id: id), at: position)
      peers[Int(peer)].insert(Membership(lobby: lobby, id: id), at: index)
    case .replacedMember(let old, let new, let lobby, let position, let index):
      let id = lobbies[Int(lobby)].members[position].id
      lobbies[Int(lobby)].removeMember(at: position)
      lobbies[Int(lobby)].insert(Member(peer: old, id: id), at: position)
      peers[Int(new)].removeMembership(at: peers[Int(new)].membershipCount - 1)
      peers[Int(old)].insert(Membership(lobby: lobby, id: id), at: index)
    case .attribute(let subject, let key, let was):
      withAttributes(of: subject) { attributes in
        unsafe key.withUnsafeBytes { unsafe attributes.set($0, to: was) }
      }
    case .startedTimer(let slot):
      unlink(slot, timers[slot])
      timers.remove(slot)
    case .cancelledTimer(let slot, let record):
      timers.restore(record, at: slot)
      relink(slot, record)
    case .startedKeeping(let slot):
      timers.remove(lobbies[Int(slot)].keeping)
      lobbies[Int(slot)].keeping = .max
    case .stoppedKeeping(let slot, let timer, let record):
      timers.restore(record, at: timer)
      lobbies[Int(slot)].keeping = timer
    case .held(let number):
      takeBackHolding(number)
    case .releasedHeld(let number, let message):
      held.restore(message, number)
    case .forgotHeld(let key, let owner, let numbers):
      setHeldNumbers(key, of: owner, numbers)
    }
  }

  /// Puts a cancelled timer back into its place: behind whatever its chain holds before its successor.
  private mutating func relink(_ slot: UInt32, _ record: TimerRecord) {
    var current = chain(record.subject).first
    guard current != record.next else { return setChain(record.subject, TimerChain(first: slot)) }
    while timers[current].next != record.next { current = timers[current].next }
    timers[current].next = slot
  }
}
