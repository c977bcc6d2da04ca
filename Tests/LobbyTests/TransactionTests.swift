import Lobby
import Testing

/// Whatever a hook did can be taken back without a trace.
@Suite struct TransactionTests {
  /// Few limits, so that refusals happen too.
  private static func machine(peers: Int) -> LobbyMachine {
    var limits = LobbyLimits()
    limits.lobbies = 5
    limits.lobbiesPerPeer = 4
    limits.membersPerLobby = 14
    limits.timersPerSubject = 2
    limits.attributeBytes = 48
    limits.heldMessages = 3
    limits.heldBytes = 2000
    var machine = LobbyMachine(limits: limits)
    for _ in 0..<peers { _ = machine.addPeer() }
    return machine
  }

  @Test func rollbackLeavesNoTrace() {
    var chance = RandomSource.seeded(1)
    for sequence in 0..<2000 {
      // Enough peers for the index that a lobby keeps from nine members on.
      var machine = Self.machine(peers: 4 + Int(chance.next(below: 12)))
      Operation.play(30, on: &machine, &chance)
      machine.commit()
      let before = dump(machine)
      Operation.play(1 + Int(chance.next(below: 40)), on: &machine, &chance)
      machine.rollback()
      guard dump(machine) == before else {
        Issue.record("sequence \(sequence): \(differences(before, dump(machine)))")
        return
      }
    }
  }

  /// The future does not know of a transaction that was taken back either.
  @Test func rollbackChangesNothingThatFollows() {
    var chance = RandomSource.seeded(2)
    for sequence in 0..<1000 {
      var machine = Self.machine(peers: 8)
      Operation.play(20, on: &machine, &chance)
      machine.commit()
      var other = machine
      Operation.play(20, on: &machine, &chance)
      machine.rollback()
      for operation in Operation.some(&chance, count: 20) {
        operation.apply(to: &machine)
        operation.apply(to: &other)
      }
      machine.commit()
      other.commit()
      guard dump(machine) == dump(other) else {
        Issue.record("sequence \(sequence): \(differences(dump(other), dump(machine)))")
        return
      }
    }
  }

  @Test func commitEqualsTheSameOperationsOneByOne() {
    var chance = RandomSource.seeded(3)
    for sequence in 0..<1000 {
      var machine = Self.machine(peers: 12)
      var other = machine
      for operation in Operation.some(&chance, count: 60) {
        operation.apply(to: &machine)
        operation.apply(to: &other)
        other.commit()
      }
      machine.commit()
      guard dump(machine) == dump(other) else {
        Issue.record("sequence \(sequence): \(differences(dump(other), dump(machine)))")
        return
      }
    }
  }

  /// The operations are worth the name: most of what can happen happens.
  @Test func operationsReachEverything() {
    var chance = RandomSource.seeded(4)
    var machine = Self.machine(peers: 16)
    var outcomes: Set<String> = []
    for operation in Operation.some(&chance, count: 20_000) { outcomes.insert(operation.apply(to: &machine)) }
    for expected in [
      "done", Refusal.lobbyExists.message, Refusal.alreadyMember.message, Refusal.idTaken.message,
      Refusal.lobbyGone.message, Refusal.notMember.message, Refusal.limit("lobbies").message,
      Refusal.limit("lobbies_per_peer").message, Refusal.limit("timers_per_subject").message,
      Refusal.limit("attribute_bytes").message,
    ] {
      #expect(outcomes.contains(expected), "never: \(expected)")
    }
  }

  private func differences(_ one: [String], _ other: [String]) -> String {
    "lost \(one.filter { !other.contains($0) }), got \(other.filter { !one.contains($0) })"
  }
}

/// One change of a machine, drawn at random. It names its objects by number, so that it means the same on a copy.
struct Operation {
  private let kind: UInt64
  private let numbers: [Int]

  static func some(_ chance: inout RandomSource, count: Int) -> [Operation] {
    (0..<count).map { _ in
      Operation(kind: chance.next(below: 21), numbers: (0..<4).map { _ in Int(chance.next(below: 1 << 30)) })
    }
  }

  static func play(_ count: Int, on machine: inout LobbyMachine, _ chance: inout RandomSource) {
    for operation in some(&chance, count: count) { operation.apply(to: &machine) }
  }

  /// Answers "done", or why it was refused.
  @discardableResult
  func apply(to machine: inout LobbyMachine) -> String {
    do throws(Refusal) {
      try change(&machine)
      return "done"
    } catch {
      return error.message
    }
  }

  private func change(_ machine: inout LobbyMachine) throws(Refusal) {
    let peer = peer(0, machine)
    let lobby = machine.lobby(named: names[numbers[1] % names.count]) ?? LobbyRef(slot: 0, generation: 0)
    let number = numbers[2] % 20
    let id: MemberID = numbers[2] % 3 == 0 ? .text(Array("id\(number)".utf8)) : .integer(Int64(number))
    let subject = subject(peer, lobby)
    let timer = timerNames[numbers[2] % timerNames.count]
    switch kind {
    case 0, 1: _ = try machine.createLobby(named: names[numbers[1] % names.count])
    case 2...6: try machine.addMember(peer, to: lobby, as: id)
    case 7: try machine.removeMember(peer, from: lobby)
    case 8: try machine.replaceMember(peer, in: lobby, by: self.peer(3, machine))
    case 9: try machine.seal(lobby, numbers[2] % 2 == 0)
    case 10 where numbers[2] % 3 == 0: try machine.deleteLobby(lobby)
    case 10, 11:
      let value: PlainValue? =
        switch numbers[3] % 5 {
        case 0: nil
        case 1: .bool(numbers[3] % 2 == 0)
        case 2: .integer(Int64(numbers[3]))
        case 3: .number(Double(numbers[3]) / 8)
        default: .text(Array(repeating: 65, count: numbers[3] % 40))
        }
      try machine.setAttribute(keys[numbers[2] % keys.count], of: subject, to: value)
    case 12, 13, 14:
      let arguments: [PlainValue] = numbers[3] % 2 == 0 ? [] : [.integer(Int64(numbers[3] % 7))]
      // Few deadlines, so that equal ones are common and their order is looked at.
      try machine.startTimer(timer, on: subject, deadline: UInt64(numbers[3] % 4), arguments: arguments)
    case 19: try machine.keepLobby(lobby, until: numbers[3] % 3 == 0 ? nil : UInt64(numbers[3] % 5))
    case 16, 17, 18: try changeHeld(&machine, numbers[0] % 3 == 0 ? .mount : .lobby(lobby))
    default:
      if numbers[3] % 2 == 0 { _ = try machine.cancelTimer(timer, on: subject) } else { machine.markClosing(peer) }
    }
  }

  private func changeHeld(_ machine: inout LobbyMachine, _ owner: Subject) throws(Refusal) {
    let key = keys[numbers[2] % keys.count]
    if numbers[3] % 4 == 0 {
      let count = try machine.heldMessages(key, of: owner, now: 0).count
      machine.forgetHeld(key, of: owner, count: count - numbers[3] / 4 % 2)
    } else {
      let payload = Array(repeating: UInt8(65), count: numbers[3] % 40)
      _ = try machine.hold(
        payload, isBinary: numbers[2] % 2 == 0, for: key, of: owner, now: 0, deadline: UInt64(1 + numbers[2] % 3))
    }
  }

  private func peer(_ index: Int, _ machine: LobbyMachine) -> PeerRef {
    let live = machine.livePeers
    return live[numbers[index] % live.count]
  }

  private func subject(_ peer: PeerRef, _ lobby: LobbyRef) -> Subject {
    switch numbers[0] % 5 {
    case 0: .mount
    case 1, 2: .lobby(lobby)
    default: .peer(peer)
    }
  }
}
