/// How often something has taken how long. It takes no memory beyond what it is made with.
public struct DurationHistogram: Sendable {
  /// The upper bounds of the buckets in nanoseconds: 1, 2, 5, 10 … microseconds up to one second. What takes longer is
  /// counted behind the last.
  public static let bounds: [UInt64] =
    [1, 10, 100, 1000, 10_000, 100_000].flatMap { decade in
      [1, 2, 5].map { $0 * decade * 1000 }
    } + [1_000_000_000]

  /// How many have fallen into each bucket, the last without an upper bound.
  public private(set) var counts = [UInt64](repeating: 0, count: bounds.count + 1)
  public private(set) var count: UInt64 = 0
  public private(set) var sumNanoseconds: UInt64 = 0
  public private(set) var mostNanoseconds: UInt64 = 0

  public init() {}

  public mutating func note(nanoseconds: UInt64) {
    counts[Self.bounds.firstIndex { nanoseconds <= $0 } ?? Self.bounds.count] += 1
    count += 1
    sumNanoseconds &+= nanoseconds
    mostNanoseconds = max(mostNanoseconds, nanoseconds)
  }

  /// What this share of all has not exceeded, in nanoseconds: the bound of a bucket, or the most there was. 0 for none.
  public func quantile(_ share: Double) -> UInt64 {
    let wanted = UInt64((Double(count) * share).rounded(.up))
    var passed: UInt64 = 0
    for (bound, count) in zip(Self.bounds, counts) {
      passed += count
      if passed >= wanted { return min(bound, mostNanoseconds) }
    }
    return mostNanoseconds
  }
}
