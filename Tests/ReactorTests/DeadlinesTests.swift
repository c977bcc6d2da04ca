import Testing

@testable import Reactor

@Suite struct DeadlinesTests {
  @Test func emptyHasNothing() {
    var deadlines = Deadlines()
    #expect(deadlines.next == nil)
    #expect(deadlines.popDue(now: .max) == nil)
    #expect(deadlines.count == 0)
  }

  @Test func dueMeansNowOrBefore() {
    var deadlines = Deadlines()
    deadlines.insert(7, at: 100)
    #expect(deadlines.popDue(now: 99) == nil)
    #expect(deadlines.next == 100)
    #expect(deadlines.popDue(now: 100) == 7)
    #expect(deadlines.next == nil)
  }

  @Test func equalDeadlinesInOrderOfInsertion() {
    var deadlines = Deadlines()
    for payload in 0..<1000 as Range<UInt64> { deadlines.insert(payload, at: 5) }
    var order: [UInt64] = []
    while let payload = deadlines.popDue(now: 5) { order.append(payload) }
    #expect(order == Array(0..<1000))
  }

  @Test(arguments: [0, UInt64.max, UInt64.max - 1, 1 << 63])
  func extremes(_ deadline: UInt64) {
    var deadlines = Deadlines()
    deadlines.insert(1, at: deadline)
    deadlines.insert(0, at: 0)
    deadlines.insert(2, at: .max)
    let order = (0..<3).map { _ in deadlines.popDue(now: .max) }
    #expect(order == (deadline == 0 ? [1, 0, 2] : [0, 1, 2]))
  }

  /// Against a sorted array: any mixture of inserting, looking and taking gives the same answers.
  @Test(arguments: 0..<40 as Range<UInt64>)
  func behavesLikeASortedArray(seed: UInt64) {
    var random = Seeded(state: seed)
    var deadlines = Deadlines()
    var model: [(deadline: UInt64, payload: UInt64)] = []
    let spread: UInt64 = [1, 4, 100, 1_000_000][Int(seed % 4)]
    var now: UInt64 = 0
    for step in 0..<2000 as Range<UInt64> {
      if UInt64.random(in: 0..<5, using: &random) < 3 {
        let deadline = now + UInt64.random(in: 0..<spread, using: &random)
        deadlines.insert(step, at: deadline)
        model.insert((deadline, step), at: model.firstIndex { $0.deadline > deadline } ?? model.endIndex)
      } else {
        now += UInt64.random(in: 0...spread / 4, using: &random)
        while let first = model.first, first.deadline <= now {
          #expect(deadlines.next == first.deadline)
          #expect(deadlines.popDue(now: now) == first.payload)
          model.removeFirst()
        }
        #expect(deadlines.popDue(now: now) == nil)
      }
      #expect(deadlines.count == model.count)
      #expect(deadlines.next == model.first?.deadline)
    }
    for entry in model { #expect(deadlines.popDue(now: .max) == entry.payload) }
    #expect(deadlines.count == 0)
  }

  @Test func memoryShrinksAfterABurst() {
    var deadlines = Deadlines()
    for payload in 0..<100_000 as Range<UInt64> { deadlines.insert(payload, at: payload) }
    #expect(deadlines.capacity >= 100_000)
    while deadlines.count > 100 { _ = deadlines.popDue(now: .max) }
    #expect(deadlines.capacity <= 2048)
    #expect(deadlines.popDue(now: .max) == 99_900)
  }

  @Test func aSteadyLoadDoesNotMoveMemory() {
    var deadlines = Deadlines()
    for payload in 0..<10_000 as Range<UInt64> { deadlines.insert(payload, at: payload) }
    let held = deadlines.capacity
    for payload in 0..<10_000 as Range<UInt64> {
      #expect(deadlines.popDue(now: .max) == payload)
      deadlines.insert(payload, at: payload + 10_000)
    }
    #expect(deadlines.capacity == held)
  }
}

/// SplitMix64: the same numbers for the same seed.
struct Seeded: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}
