import Lobby
import Testing

@Suite struct RandomSourceTests {
  @Test func aSeedRepeatsItself() {
    var one = RandomSource.seeded(7)
    var other = RandomSource.seeded(7)
    var third = RandomSource.seeded(8)
    let drawn = (0..<100).map { _ in one.next() }
    #expect(drawn == (0..<100).map { _ in other.next() })
    #expect(drawn != (0..<100).map { _ in third.next() })
    #expect(Set(drawn).count == 100)
  }

  @Test func theKernelsDoesNot() {
    var one = RandomSource.system
    var other = RandomSource.system
    #expect((0..<4).map { _ in one.next() } != (0..<4).map { _ in other.next() })
  }

  /// Chi-square over the values below each bound; its mean is the number of values less one, its deviation
  /// the square root of twice that.
  @Test(arguments: [2, 3, 7, 10, 62, 100])
  func everyNumberIsAsLikely(bound: UInt64) {
    for var random in [RandomSource.seeded(bound), .system] {
      let draws = Int(bound) * 2000
      var counts = [Int](repeating: 0, count: Int(bound))
      for _ in 0..<draws { counts[Int(random.next(below: bound))] += 1 }
      let chiSquare = counts.reduce(0.0) { sum, count in
        let distance = Double(count - 2000)
        return sum + distance * distance / 2000
      }
      let freedom = Double(bound - 1)
      #expect(chiSquare < freedom + 6 * (2 * freedom).squareRoot() + 10, "\(counts)")
    }
  }

  /// A remainder alone would draw the lower third of these twice as often as the rest.
  @Test func hugeBoundsAreUnbiasedToo() {
    let bound: UInt64 = 3 << 62
    var random = RandomSource.seeded(5)
    var low = 0
    for _ in 0..<30_000 {
      let drawn = random.next(below: bound)
      #expect(drawn < bound)
      if drawn < 1 << 62 { low += 1 }
    }
    #expect((9_000...11_000).contains(low))
  }

  @Test func theSmallestBoundLeavesNoChoice() {
    var random = RandomSource.seeded(1)
    for _ in 0..<10 { #expect(random.next(below: 1) == 0) }
  }
}
