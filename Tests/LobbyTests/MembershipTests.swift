import Lobby
import Testing

@Suite struct MembershipTests {
  private var machine = LobbyMachine()

  private mutating func peers(_ count: Int) -> [PeerRef] { (0..<count).map { _ in machine.addPeer() } }

  private func members(_ lobby: LobbyRef) -> [PeerRef] {
    (0..<machine.memberCount(lobby)).map { machine.member(lobby, at: $0).peer }
  }

  @Test mutating func aPeerIsInSeveralLobbiesInTheOrderJoined() throws {
    let peer = machine.addPeer()
    let lobbies = try (0..<4).map { try machine.createLobby(named: names[$0]) }
    for (index, lobby) in lobbies.enumerated() { try machine.addMember(peer, to: lobby, as: .integer(Int64(index))) }
    #expect((0..<4).map { machine.lobby(of: peer, at: $0) } == lobbies)
    for (index, lobby) in lobbies.enumerated() { #expect(machine.id(of: peer, in: lobby) == .integer(Int64(index))) }
    try machine.removeMember(peer, from: lobbies[0])
    #expect((0..<3).map { machine.lobby(of: peer, at: $0) } == Array(lobbies[1...]))
    try machine.removeMember(peer, from: lobbies[2])
    #expect((0..<2).map { machine.lobby(of: peer, at: $0) } == [lobbies[1], lobbies[3]])
    #expect(machine.id(of: peer, in: lobbies[1]) == .integer(1))
    #expect(machine.membershipCount(peer) == 2)
  }

  /// Across the size from which ids are looked up in an index.
  @Test(arguments: [1, 7, 8, 9, 10, 11, 40])
  mutating func membersAreFoundByIdAndKeptInJoinOrder(count: Int) throws {
    let all = peers(count)
    let lobby = try machine.createLobby(named: names[0])
    let ids = (0..<count).map { index -> MemberID in
      index % 2 == 0 ? .integer(Int64(index)) : .text(Array("\(index)".utf8))
    }
    for (peer, id) in zip(all, ids) { try machine.addMember(peer, to: lobby, as: id) }
    #expect(members(lobby) == all)
    for (peer, id) in zip(all, ids) {
      #expect(machine.member(lobby, id: id) == peer)
      #expect(machine.id(of: peer, in: lobby) == id)
    }
    // The integer 1 and the text "1" are different ids.
    #expect(machine.member(lobby, integer: 1) == nil)
    #expect(machine.member(lobby, id: .text([])) == nil)
    for position in stride(from: count - 1, to: 0, by: -2) { try machine.removeMember(all[position], from: lobby) }
    for position in 0..<count where machine.id(of: all[position], in: lobby) != nil {
      #expect(machine.member(lobby, id: ids[position]) == all[position])
    }
    #expect(members(lobby) == all.filter { machine.id(of: $0, in: lobby) != nil })
  }

  @Test mutating func refusals() throws {
    let all = peers(2)
    let lobby = try machine.createLobby(named: names[0])
    try machine.addMember(all[0], to: lobby, as: .integer(1))
    #expect(throws: Refusal.alreadyMember) { try machine.addMember(all[0], to: lobby, as: .integer(2)) }
    #expect(throws: Refusal.idTaken) { try machine.addMember(all[1], to: lobby, as: .integer(1)) }
    #expect(throws: Refusal.lobbyExists) { try machine.createLobby(named: names[0]) }
    #expect(machine.memberCount(lobby) == 1)
    // Not a member: nothing to do.
    try machine.removeMember(all[1], from: lobby)
    #expect(machine.isLive(lobby))
  }

  @Test mutating func sealing() throws {
    let lobby = try machine.createLobby(named: names[0])
    #expect(!machine.isSealed(lobby))
    try machine.seal(lobby, true)
    #expect(machine.isSealed(lobby))
    try machine.seal(lobby, false)
    #expect(!machine.isSealed(lobby))
  }

  @Test(arguments: [3, 9, 12]) mutating func aSecondPeerTakesAnIdOver(count: Int) throws {
    let all = peers(count + 1)
    let lobby = try machine.createLobby(named: names[0])
    for index in 0..<count { try machine.addMember(all[index], to: lobby, as: .integer(Int64(index))) }
    try machine.replaceMember(all[1], in: lobby, by: all[count])
    var expected = Array(all[..<count])
    expected[1] = all[count]
    #expect(members(lobby) == expected)
    #expect(machine.member(lobby, integer: 1) == all[count])
    #expect(machine.id(of: all[count], in: lobby) == .integer(1))
    #expect(machine.id(of: all[1], in: lobby) == nil)
    #expect(machine.membershipCount(all[1]) == 0)
    #expect(throws: Refusal.alreadyMember) { try machine.replaceMember(all[0], in: lobby, by: all[2]) }
    let stranger = machine.addPeer()
    #expect(throws: Refusal.notMember) { try machine.replaceMember(all[1], in: lobby, by: stranger) }
    #expect(throws: Refusal.alreadyMember) { try machine.replaceMember(all[1], in: lobby, by: all[2]) }
  }

  @Test mutating func theOnlyMemberCanBeReplaced() throws {
    let all = peers(2)
    let lobby = try machine.createLobby(named: names[0])
    try machine.addMember(all[0], to: lobby, as: .integer(1))
    try machine.replaceMember(all[0], in: lobby, by: all[1])
    #expect(machine.isLive(lobby))
    #expect(members(lobby) == [all[1]])
  }

  @Test mutating func everySetOfRandomMembersIsDrawn() throws {
    let all = peers(5)
    let lobby = try machine.createLobby(named: names[0])
    for (index, peer) in all.enumerated() { try machine.addMember(peer, to: lobby, as: .integer(Int64(index))) }
    var random = RandomSource.seeded(3)
    var counts: [Set<UInt32>: Int] = [:]
    for _ in 0..<6000 {
      let drawn = machine.randomMembers(lobby, count: 2, except: all[4], random: &random)
      #expect(drawn.count == 2)
      counts[Set(drawn.map(\.slot)), default: 0] += 1
    }
    // Two of four: six sets, a thousand times each.
    #expect(counts.count == 6)
    for (set, count) in counts {
      #expect(set.count == 2 && !set.contains(all[4].slot))
      #expect((850...1150).contains(count))
    }
    #expect(machine.randomMembers(lobby, count: 9, except: nil, random: &random).count == 5)
    #expect(machine.randomMembers(lobby, count: 9, except: all[0], random: &random).count == 4)
    #expect(machine.randomMembers(lobby, count: 0, except: nil, random: &random).isEmpty)
    #expect(machine.randomMembers(lobby, count: -3, except: nil, random: &random).isEmpty)
  }

  @Test mutating func aLobbyGoesWithItsLastMember() throws {
    let all = peers(2)
    let lobby = try machine.createLobby(named: names[0])
    #expect(machine.isLive(lobby), "a new lobby is empty and lives")
    for (index, peer) in all.enumerated() { try machine.addMember(peer, to: lobby, as: .integer(Int64(index))) }
    try machine.removeMember(all[0], from: lobby)
    #expect(machine.isLive(lobby))
    machine.removePeer(all[1])
    #expect(!machine.isLive(lobby))
    #expect(machine.lobby(named: names[0]) == nil)
    #expect(machine.lobbyCount == 0)
  }

  @Test mutating func deletingALobbyKeepsItsMembers() throws {
    let all = peers(12)
    let lobby = try machine.createLobby(named: names[0])
    for (index, peer) in all.enumerated() { try machine.addMember(peer, to: lobby, as: .integer(Int64(index))) }
    try machine.deleteLobby(lobby)
    #expect(!machine.isLive(lobby) && machine.lobbyCount == 0)
    for peer in all { #expect(machine.isLive(peer) && machine.membershipCount(peer) == 0) }
  }

  @Test mutating func staleReferencesAreRefused() throws {
    let old = machine.addPeer()
    machine.removePeer(old)
    let new = machine.addPeer()
    #expect(new.slot == old.slot && new != old)
    let gone = try machine.createLobby(named: names[0])
    try machine.deleteLobby(gone)
    machine.commit()
    let lobby = try machine.createLobby(named: names[0])
    #expect(lobby.slot == gone.slot && lobby != gone)

    #expect(!machine.isLive(old) && !machine.isLive(gone))
    #expect(throws: Refusal.peerGone) { try machine.addMember(old, to: lobby, as: .integer(1)) }
    #expect(throws: Refusal.lobbyGone) { try machine.addMember(new, to: gone, as: .integer(1)) }
    #expect(throws: Refusal.peerGone) { try machine.removeMember(old, from: lobby) }
    #expect(throws: Refusal.lobbyGone) { try machine.removeMember(new, from: gone) }
    #expect(throws: Refusal.peerGone) { try machine.replaceMember(old, in: lobby, by: new) }
    #expect(throws: Refusal.peerGone) { try machine.replaceMember(new, in: lobby, by: old) }
    #expect(throws: Refusal.lobbyGone) { try machine.seal(gone, true) }
    #expect(throws: Refusal.lobbyGone) { try machine.deleteLobby(gone) }
    for (subject, refusal) in [(Subject.peer(old), Refusal.peerGone), (.lobby(gone), .lobbyGone)] {
      #expect(throws: refusal) { try machine.setAttribute(keys[0], of: subject, to: .bool(true)) }
      #expect(throws: refusal) { try machine.startTimer(timerNames[0], on: subject, deadline: 1) }
      #expect(throws: refusal) { try machine.cancelTimer(timerNames[0], on: subject) }
      #expect(keys[0].withUnsafeBytes { machine.attribute($0, of: subject) } == nil)
    }
    machine.removePeer(old)
    machine.markClosing(old)
    #expect(machine.isLive(new) && !machine.isClosing(new))
    #expect(machine.peerCount == 1)
    // References that never were.
    #expect(!machine.isLive(PeerRef(slot: 999, generation: 1)) && !machine.isLive(LobbyRef(slot: 999, generation: 1)))
  }
}
