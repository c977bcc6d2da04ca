import Testing

@testable import Lobby

/// Messages that wait for somebody who is not there.
@Suite struct HeldTests {
  private func held(
    _ machine: inout LobbyMachine, _ key: [UInt8], of owner: Subject = .mount, now: UInt64 = 0
  ) -> [Int] {
    ((try? machine.heldMessages(key, of: owner, now: now)) ?? []).map(\.payload.count)
  }

  /// Holds a message of so many bytes.
  private func hold(
    _ machine: inout LobbyMachine, _ count: Int, _ key: [UInt8] = [65], of owner: Subject = .mount, now: UInt64 = 0,
    until deadline: UInt64 = 1000
  ) throws -> Bool {
    let payload = [UInt8](repeating: 1, count: count)
    return try machine.hold(payload, isBinary: false, for: key, of: owner, now: now, deadline: deadline)
  }

  @Test func eachOwnerAndKeyHasItsOwn() throws {
    var machine = LobbyMachine()
    let lobbies = try names[..<2].map { Subject.lobby(try machine.createLobby(named: $0)) }
    for (number, owner) in ([.mount] + lobbies).enumerated() {
      #expect(try hold(&machine, number, [65], of: owner))
      #expect(try hold(&machine, 10 + number, [66], of: owner))
      #expect(try hold(&machine, 20 + number, [65], of: owner))
    }
    for (number, owner) in ([.mount] + lobbies).enumerated() {
      #expect(held(&machine, [65], of: owner) == [number, 20 + number])
      #expect(held(&machine, [66], of: owner) == [10 + number])
      #expect(held(&machine, [67], of: owner) == [])
    }
    machine.forgetHeld([65], of: lobbies[0], count: 1)
    #expect(held(&machine, [65], of: lobbies[0]) == [21])
    #expect(held(&machine, [65], of: lobbies[1]) == [2, 22])
  }

  @Test func messagesPerKeyAreLimited() throws {
    var machine = LobbyMachine()
    machine.limits.heldMessages = 2
    #expect(try hold(&machine, 1) && hold(&machine, 2))
    #expect(try !hold(&machine, 3))
    #expect(try hold(&machine, 4, [66]))
    machine.forgetHeld([65], of: .mount, count: 1)
    #expect(try hold(&machine, 5))
    #expect(held(&machine, [65]) == [2, 5])
    machine.limits.heldMessages = 0
    for _ in 0..<100 { #expect(try hold(&machine, 1)) }
  }

  /// Each of them alone took as long as there were others, and everybody waited meanwhile.
  @Test func manyThatEndTogetherAreForgottenFast() throws {
    var machine = LobbyMachine()
    machine.limits.heldMessages = 0
    for number in 0..<40_000 { #expect(try hold(&machine, 0, [65, UInt8(number % 2)])) }
    #expect(try hold(&machine, 7, [65, 1], until: 2000))
    machine.commit()
    let start = ContinuousClock.now
    #expect(held(&machine, [65, 1], now: 1000) == [7])
    #expect(ContinuousClock.now - start < .seconds(2))
    #expect(held(&machine, [65, 0], now: 1000) == [] && machine.heldCount == 1)
  }

  /// Texts, keys and what a message costs beside them, of all owners together.
  @Test func bytesAreLimited() throws {
    var machine = LobbyMachine()
    machine.limits.heldBytes = 2 * (HeldMessage.ownBytes + 100)
    let lobby = Subject.lobby(try machine.createLobby(named: names[0]))
    #expect(try hold(&machine, 99, of: lobby))
    #expect(try !hold(&machine, 100))
    #expect(try !hold(&machine, 99, [65, 66]))
    #expect(try hold(&machine, 99))
    #expect(try !hold(&machine, 0, []))
    #expect(machine.heldByteCount == machine.limits.heldBytes)
    machine.limits.heldBytes = 0
    #expect(try hold(&machine, 100_000))
  }

  @Test func whatIsOverIsGoneAndMakesRoom() throws {
    var machine = LobbyMachine()
    machine.limits.heldMessages = 2
    #expect(try hold(&machine, 1, until: 20) && hold(&machine, 2, until: 10))
    #expect(try !hold(&machine, 3, now: 9))
    #expect(held(&machine, [65], now: 9) == [1, 2])
    #expect(try hold(&machine, 3, now: 10, until: 30))
    #expect(held(&machine, [65], now: 19) == [1, 3])
    #expect(held(&machine, [65], now: 29) == [3])
    // Also what waits under a key that nobody asks for any more.
    #expect(try hold(&machine, 4, [66], now: 31))
    #expect(machine.heldCount == 1)
    #expect(held(&machine, [66], now: 1000) == [])
    #expect(machine.heldByteCount == 0)
  }

  @Test func whatALobbyHoldsGoesWithIt() throws {
    var machine = LobbyMachine()
    let lobby = try machine.createLobby(named: names[0])
    #expect(try hold(&machine, 1, of: .lobby(lobby)) && hold(&machine, 2))
    machine.commit()
    try machine.deleteLobby(lobby)
    #expect(machine.heldCount == 1)
    #expect(throws: Refusal.lobbyGone) { try hold(&machine, 1, of: .lobby(lobby)) }
    #expect(throws: Refusal.lobbyGone) { try machine.heldMessages([65], of: .lobby(lobby), now: 0) }
    machine.rollback()
    #expect(held(&machine, [65], of: .lobby(lobby)) == [1])
    try machine.deleteLobby(lobby)
    machine.commit()
    // The next one in its place starts with nothing.
    #expect(held(&machine, [65], of: .lobby(try machine.createLobby(named: names[0]))) == [])
  }

  /// What is over while a transaction runs stays over, whatever is taken back; what is not comes back in its place.
  @Test func whatIsOverIsNotTakenBack() throws {
    var machine = LobbyMachine()
    let lobby = try machine.createLobby(named: names[0])
    let owner = Subject.lobby(lobby)
    #expect(try hold(&machine, 1, of: owner, until: 10) && hold(&machine, 2, of: owner, until: 20))
    machine.commit()
    // Deleted before anybody notices that the first one is over.
    try machine.deleteLobby(lobby)
    #expect(try hold(&machine, 3, now: 15))
    machine.rollback()
    #expect(machine.heldCount == 2)
    #expect(held(&machine, [65], of: owner, now: 15) == [2])
    #expect(held(&machine, [65], now: 15) == [])
    #expect(machine.heldCount == 1)
    #expect(held(&machine, [65], of: owner, now: 20) == [])
    #expect(machine.heldByteCount == 0)
  }

  /// Holding and delivering again and again costs no memory.
  @Test func nothingPilesUp() throws {
    var table = HeldTable()
    for _ in 0..<10_000 {
      let place = HeldMessage.Place(owner: .mount, key: [])
      let message = HeldMessage(payload: [], isBinary: false, deadline: 1_000_000, place: place)
      let number = table.add(message)
      #expect(table.remove(number) != nil)
      table.compact()
    }
    #expect(table.scheduledCount <= 1025 && table.byteCount == 0)
  }
}
