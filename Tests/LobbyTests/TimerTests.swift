import Lobby
import Testing

@Suite struct TimerTests {
  private var machine = LobbyMachine()

  /// Names of the timers that are due, in order.
  private mutating func due(_ now: UInt64) -> [String] {
    var fired: [String] = []
    while let timer = machine.takeDueTimer(now: now) { fired.append(text(timer.name)) }
    return fired
  }

  private mutating func start(_ name: String, on subject: Subject, _ deadline: UInt64) throws {
    try machine.startTimer(Array(name.utf8), on: subject, deadline: deadline)
    machine.commit()
  }

  @Test mutating func timersFireByDeadlineThenInTheOrderStarted() throws {
    let peer = Subject.peer(machine.addPeer())
    try start("c", on: .mount, 30)
    try start("a", on: peer, 10)
    try start("b", on: peer, 20)
    try start("a2", on: .mount, 10)
    try start("a3", on: peer, 10)
    #expect(machine.nextDeadline() == 10)
    #expect(due(9) == [])
    #expect(due(10) == ["a", "a2", "a3"])
    #expect(machine.nextDeadline() == 20)
    #expect(due(100) == ["b", "c"])
    #expect(machine.nextDeadline() == nil && machine.timerCount == 0)
  }

  @Test mutating func aTimerCarriesItsSubjectAndArguments() throws {
    let lobby = Subject.lobby(try machine.createLobby(named: names[0]))
    let arguments: [PlainValue] = [.bool(true), .integer(-1), .number(0.5), .text([0, 255])]
    try machine.startTimer(timerNames[0], on: lobby, deadline: 5, arguments: arguments)
    machine.commit()
    let fired = machine.takeDueTimer(now: 5)
    #expect(fired?.subject == lobby && fired?.name == timerNames[0] && fired?.arguments == arguments)
  }

  @Test mutating func aTimerOfTheSameNameIsReplaced() throws {
    let peer = Subject.peer(machine.addPeer())
    try start("a", on: peer, 10)
    try start("a", on: .mount, 15)
    try start("a", on: peer, 20)
    #expect(machine.timerCount == 2)
    #expect(due(10) == [])
    #expect(due(15) == ["a"])
    #expect(due(20) == ["a"])
    try start("a", on: peer, 40)
    try start("a", on: peer, 30)
    #expect(machine.nextDeadline() == 30)
  }

  @Test mutating func aCancelledTimerIsGone() throws {
    try start("a", on: .mount, 10)
    try start("b", on: .mount, 10)
    try start("c", on: .mount, 10)
    #expect(try machine.cancelTimer(Array("b".utf8), on: .mount))
    #expect(try !machine.cancelTimer(Array("b".utf8), on: .mount))
    #expect(try !machine.cancelTimer(Array("d".utf8), on: .mount))
    machine.commit()
    #expect(due(10) == ["a", "c"])
  }

  @Test mutating func timersGoWithTheirSubject() throws {
    let peer = machine.addPeer()
    let lobby = try machine.createLobby(named: names[0])
    try machine.addMember(peer, to: lobby, as: .integer(1))
    try start("peer", on: .peer(peer), 10)
    try start("peer2", on: .peer(peer), 10)
    try start("lobby", on: .lobby(lobby), 10)
    try start("mount", on: .mount, 10)
    machine.removePeer(peer)
    #expect(machine.timerCount == 1)
    // The next owner of the slot inherits nothing.
    _ = machine.addPeer()
    #expect(due(10) == ["mount"])
  }

  @Test mutating func aTimerMayBeStartedAgainWhenItFires() throws {
    try start("tick", on: .mount, 10)
    for now in stride(from: UInt64(10), to: 100, by: 10) {
      #expect(due(now) == ["tick"])
      try start("tick", on: .mount, now + 10)
    }
  }

  /// A peer that starts its idle timer again with every message, in hooks that succeed or fail.
  @Test(arguments: [true, false])
  mutating func restartingCostsNoMemory(commits: Bool) throws {
    let peer = Subject.peer(machine.addPeer())
    for round in 0..<20_000 {
      try machine.startTimer(timerNames[0], on: peer, deadline: 1_000_000 + UInt64(round))
      if commits { machine.commit() } else { machine.rollback() }
    }
    #expect(machine.timerCount == (commits ? 1 : 0))
    let heap = try #require(Mirror(reflecting: machine).descendant("timers", "schedule", "heap"))
    #expect(Mirror(reflecting: heap).children.count < 2000)
  }
}
