import Testing

@testable import Relay

@Suite struct SinceTests {
  @Test(arguments: [5, 0, 1 << 32, 1 << 32 - 1, 1 << 40 + 7] as [UInt64])
  func endsSoManyMillisecondsLater(_ start: UInt64) {
    var since = Since()
    #expect(!since.isSet && since.end(of: 100, now: start) == .max)
    since.set(start)
    #expect(since.isSet)
    for later: UInt64 in [0, 1, 99, 100, 1 << 30] {
      let end = since.end(of: 100, now: start + later)
      #expect(end == start + 100 || (UInt32(truncatingIfNeeded: start) == 0 && end == start + 101) || later == 0)
    }
    since.unset()
    #expect(since.end(of: 100, now: start + 5) == .max)
  }
}
