import Lobby
import Testing

/// Each limit is reached, refused beyond, usable again once there is room, and absent when zero.
@Suite struct LimitTests {
  private func machine(_ change: (inout LobbyLimits) -> Void) -> LobbyMachine {
    var limits = LobbyLimits()
    change(&limits)
    return LobbyMachine(limits: limits)
  }

  @Test func lobbies() throws {
    var machine = machine { $0.lobbies = 2 }
    let first = try machine.createLobby(named: names[0])
    _ = try machine.createLobby(named: names[1])
    #expect(throws: Refusal.limit("lobbies")) { try machine.createLobby(named: names[2]) }
    #expect(machine.lobbyCount == 2)
    try machine.deleteLobby(first)
    _ = try machine.createLobby(named: names[2])
    machine.limits.lobbies = 0
    for name in names[3...] { _ = try machine.createLobby(named: name) }
  }

  @Test func lobbyNameBytes() throws {
    var machine = machine { $0.lobbyNameBytes = 3 }
    _ = try machine.createLobby(named: [1, 2, 3])
    #expect(throws: Refusal.limit("lobby_name_bytes")) { try machine.createLobby(named: [1, 2, 3, 4]) }
    _ = try machine.createLobby(named: [])
    machine.limits.lobbyNameBytes = 0
    _ = try machine.createLobby(named: Array(repeating: 1, count: 5000))
  }

  @Test func membersPerLobby() throws {
    var machine = machine { $0.membersPerLobby = 2 }
    let lobby = try machine.createLobby(named: names[0])
    let peers = (0..<4).map { _ in machine.addPeer() }
    try machine.addMember(peers[0], to: lobby, as: .integer(0))
    try machine.addMember(peers[1], to: lobby, as: .integer(1))
    #expect(throws: Refusal.limit("members_per_lobby")) { try machine.addMember(peers[2], to: lobby, as: .integer(2)) }
    #expect(machine.membershipCount(peers[2]) == 0)
    // Taking over an id adds nobody.
    try machine.replaceMember(peers[1], in: lobby, by: peers[2])
    try machine.removeMember(peers[0], from: lobby)
    try machine.addMember(peers[3], to: lobby, as: .integer(3))
  }

  @Test func lobbiesPerPeer() throws {
    var machine = machine { $0.lobbiesPerPeer = 2 }
    let lobbies = try (0..<3).map { try machine.createLobby(named: names[$0]) }
    let peers = [machine.addPeer(), machine.addPeer()]
    try machine.addMember(peers[0], to: lobbies[0], as: .integer(0))
    try machine.addMember(peers[0], to: lobbies[1], as: .integer(0))
    let refusal = Refusal.limit("lobbies_per_peer")
    #expect(throws: refusal) { try machine.addMember(peers[0], to: lobbies[2], as: .integer(0)) }
    try machine.addMember(peers[1], to: lobbies[2], as: .integer(0))
    #expect(throws: refusal) { try machine.replaceMember(peers[1], in: lobbies[2], by: peers[0]) }
    #expect(machine.member(lobbies[2], integer: 0) == peers[1])
  }

  @Test func timersPerSubject() throws {
    var machine = machine { $0.timersPerSubject = 2 }
    let subjects: [Subject] = [.mount, .peer(machine.addPeer()), .lobby(try machine.createLobby(named: names[0]))]
    for subject in subjects {
      try machine.startTimer(timerNames[0], on: subject, deadline: 1)
      try machine.startTimer(timerNames[1], on: subject, deadline: 1)
      #expect(throws: Refusal.limit("timers_per_subject")) {
        try machine.startTimer(timerNames[2], on: subject, deadline: 1)
      }
      // A timer that replaces one is not a further one.
      try machine.startTimer(timerNames[1], on: subject, deadline: 2)
      #expect(try machine.cancelTimer(timerNames[0], on: subject))
      try machine.startTimer(timerNames[2], on: subject, deadline: 1)
    }
    #expect(machine.timerCount == 6)
  }

  /// Names count with their values, replaced values do not count twice, removing is always possible.
  @Test func attributeBytes() throws {
    var machine = machine { $0.attributeBytes = 20 }
    let subjects: [Subject] = [.mount, .peer(machine.addPeer()), .lobby(try machine.createLobby(named: names[0]))]
    for subject in subjects {
      try machine.setAttribute([65], of: subject, to: .text(Array(repeating: 1, count: 19)))
      #expect(throws: Refusal.limit("attribute_bytes")) {
        try machine.setAttribute([65], of: subject, to: .text(Array(repeating: 1, count: 20)))
      }
      #expect(throws: Refusal.limit("attribute_bytes")) { try machine.setAttribute([66], of: subject, to: .bool(true)) }
      try machine.setAttribute([65], of: subject, to: .text(Array(repeating: 1, count: 10)))
      try machine.setAttribute([66], of: subject, to: .integer(5))
      #expect(throws: Refusal.limit("attribute_bytes")) { try machine.setAttribute([67], of: subject, to: .bool(true)) }
      try machine.setAttribute([65], of: subject, to: nil)
      try machine.setAttribute([67], of: subject, to: .number(1.5))
      #expect([UInt8(66)].withUnsafeBytes { machine.attribute($0, of: subject) } == .integer(5))
      #expect([UInt8(65)].withUnsafeBytes { machine.attribute($0, of: subject) } == nil)
    }
  }

  @Test func timerArgumentsCountAsAttributes() throws {
    var machine = machine { $0.attributeBytes = 20 }
    try machine.startTimer([65], on: .mount, deadline: 1, arguments: [.text(Array(repeating: 1, count: 19))])
    #expect(throws: Refusal.limit("attribute_bytes")) {
      try machine.startTimer([66], on: .mount, deadline: 1, arguments: [.text(Array(repeating: 1, count: 20))])
    }
    #expect(throws: Refusal.limit("attribute_bytes")) {
      try machine.startTimer(Array(repeating: 65, count: 21), on: .mount, deadline: 1)
    }
    // A refused timer leaves the one that it would have replaced.
    #expect(throws: Refusal.limit("attribute_bytes")) {
      try machine.startTimer([65], on: .mount, deadline: 2, arguments: [.text(Array(repeating: 1, count: 20))])
    }
    #expect(machine.nextDeadline() == 1)
  }
}
