import Lobby
import Testing

/// Lobbies that stay though nobody is in them.
@Suite struct KeepingTests {
  private func machine() throws -> (LobbyMachine, LobbyRef, PeerRef) {
    var machine = LobbyMachine()
    let lobby = try machine.createLobby(named: names[0])
    let peer = machine.addPeer()
    try machine.addMember(peer, to: lobby, as: .integer(1))
    machine.commit()
    return (machine, lobby, peer)
  }

  /// Fires what is due and answers the names.
  private func fire(_ machine: inout LobbyMachine, now: UInt64) -> [String] {
    var fired: [String] = []
    while let due = machine.takeDueTimer(now: now) { fired.append(text(due.name)) }
    return fired
  }

  @Test func anEmptyLobbyStaysUntilThen() throws {
    var (machine, lobby, peer) = try machine()
    try machine.keepLobby(lobby, until: 10)
    try machine.startTimer(timerNames[0], on: .lobby(lobby), deadline: 9)
    try machine.startTimer(timerNames[1], on: .lobby(lobby), deadline: 11)
    machine.removePeer(peer)
    #expect(machine.isLive(lobby) && machine.memberCount(lobby) == 0)
    #expect(fire(&machine, now: 9) == [text(timerNames[0])])
    #expect(machine.nextDeadline() == 10)
    #expect(fire(&machine, now: 10) == [])
    #expect(!machine.isLive(lobby) && machine.lobbyCount == 0 && machine.timerCount == 0)
    #expect(machine.nextDeadline() == nil)
  }

  @Test func whoComesBackIsAMemberAgain() throws {
    var (machine, lobby, peer) = try machine()
    try machine.keepLobby(lobby, until: 10)
    try machine.removeMember(peer, from: lobby)
    try machine.addMember(peer, to: lobby, as: .integer(2))
    #expect(fire(&machine, now: 10) == [])
    #expect(machine.isLive(lobby))
    try machine.removeMember(peer, from: lobby)
    #expect(!machine.isLive(lobby))
  }

  @Test func theLastDeadlineCounts() throws {
    var (machine, lobby, peer) = try machine()
    try machine.keepLobby(lobby, until: 10)
    try machine.keepLobby(lobby, until: 20)
    try machine.removeMember(peer, from: lobby)
    machine.commit()
    #expect(fire(&machine, now: 19) == [] && machine.isLive(lobby))
    #expect(fire(&machine, now: 20) == [] && !machine.isLive(lobby))
  }

  @Test func takenBackItGoesAsEver() throws {
    var (machine, lobby, peer) = try machine()
    try machine.keepLobby(lobby, until: 10)
    try machine.keepLobby(lobby, until: nil)
    #expect(machine.isLive(lobby) && machine.timerCount == 0)
    try machine.removeMember(peer, from: lobby)
    #expect(!machine.isLive(lobby))
    machine.rollback()
    try machine.keepLobby(lobby, until: 10)
    try machine.removeMember(peer, from: lobby)
    try machine.keepLobby(lobby, until: nil)
    #expect(!machine.isLive(lobby))
    #expect(throws: Refusal.lobbyGone) { try machine.keepLobby(lobby, until: 1) }
    // One that was never kept waits for its first member, whatever is taken back.
    let other = try machine.createLobby(named: names[1])
    try machine.keepLobby(other, until: nil)
    #expect(machine.isLive(other))
  }

  /// It is none of the script's timers: it needs no room among them and has no name.
  @Test func isNoTimerOfTheScript() throws {
    var (machine, lobby, _) = try machine()
    machine.limits.timersPerSubject = 1
    try machine.keepLobby(lobby, until: 10)
    try machine.startTimer([], on: .lobby(lobby), deadline: 5)
    #expect(try machine.cancelTimer([], on: .lobby(lobby)))
    #expect(try !machine.cancelTimer([], on: .lobby(lobby)))
    #expect(machine.nextDeadline() == 10)
  }

  @Test func deletingEndsIt() throws {
    var (machine, lobby, _) = try machine()
    try machine.keepLobby(lobby, until: 10)
    machine.commit()
    try machine.deleteLobby(lobby)
    #expect(!machine.isLive(lobby) && machine.timerCount == 0)
    machine.rollback()
    #expect(machine.isLive(lobby) && machine.memberCount(lobby) == 1 && machine.nextDeadline() == 10)
  }
}
