import Testing

@testable import Schedule

@Suite struct DeadlinesTests {
  @Test func `an entry is due at its deadline and not before`() {
    var deadlines = Deadlines()
    deadlines.insert(deadline: 10, payload: 1)
    #expect(deadlines.popDue(now: 9) == nil)
    #expect(deadlines.popDue(now: 10) == 1)
    #expect(deadlines.popDue(now: .max) == nil)
  }

  @Test func `equal deadlines come in the order of insertion`() {
    var deadlines = Deadlines()
    for payload in 0..<100 { deadlines.insert(deadline: 7, payload: UInt64(payload)) }
    #expect((0..<100).compactMap { _ in deadlines.popDue(now: 7) } == Array(0..<100))
  }

  @Test(arguments: 1...20) func `any sequence comes out sorted`(seed: Int) {
    var state = UInt64(seed)
    var deadlines = Deadlines()
    var model: [(deadline: UInt64, payload: UInt64)] = []
    for payload in 0..<2000 as Range<UInt64> {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      let deadline = state >> 54
      deadlines.insert(deadline: deadline, payload: payload)
      model.append((deadline, payload))
      if state >> 33 & 3 == 0, let first = model.enumerated().min(by: { ($0.1.0, $0.0) < ($1.1.0, $1.0) }) {
        #expect(deadlines.popDue(now: .max) == first.element.payload)
        model.remove(at: first.offset)
      }
    }
    let rest = model.enumerated().sorted { ($0.1.0, $0.0) < ($1.1.0, $1.0) }.map(\.element.payload)
    #expect(rest.map { _ in deadlines.popDue(now: .max) } == rest)
  }

  @Test func `stale entries can be taken out without disturbing the others`() {
    var deadlines = Deadlines()
    for payload in 0..<1000 as Range<UInt64> { deadlines.insert(deadline: payload * 7919 % 1000, payload: payload) }
    deadlines.removeAll { $0 % 3 != 0 }
    let left = (0..<1000 as Range<UInt64>).filter { $0 % 3 == 0 }.sorted { $0 * 7919 % 1000 < $1 * 7919 % 1000 }
    #expect(deadlines.count == left.count)
    #expect(left.map { _ in deadlines.popDue(now: .max) } == left)
  }
}
