/// Durations in nanoseconds, counted in log-linear buckets: 32 to each power of two, so a bucket is never
/// wider than 1/32 of the values in it.
struct Histogram: Equatable, Sendable {
  private static let linear: UInt64 = 32
  private static let linearBits = 5

  private var counts = [UInt64](repeating: 0, count: (64 - linearBits + 1) * Int(linear))
  private(set) var total: UInt64 = 0
  private(set) var maximum: UInt64 = 0

  static func bucket(of value: UInt64) -> Int {
    if value < linear { return Int(value) }
    let shift = 63 - value.leadingZeroBitCount - linearBits
    return (shift + 1) * Int(linear) + Int((value >> UInt64(shift)) & (linear - 1))
  }

  /// The largest value that falls into `bucket`.
  static func upperBound(of bucket: Int) -> UInt64 {
    if bucket < Int(linear) { return UInt64(bucket) }
    let shift = UInt64(bucket / Int(linear) - 1)
    let first = (linear + UInt64(bucket) % linear) << shift
    return first + ((1 << shift) - 1)
  }

  mutating func record(_ value: UInt64, times: Int = 1) {
    counts[Self.bucket(of: value)] += UInt64(times)
    total += UInt64(times)
    maximum = max(maximum, value)
  }

  mutating func add(_ other: Histogram) {
    for index in counts.indices { counts[index] += other.counts[index] }
    total += other.total
    maximum = max(maximum, other.maximum)
  }

  /// The value that `percent` of all recorded ones do not exceed, rounded up to the end of its bucket. 0 when empty.
  func percentile(_ percent: Double) -> UInt64 {
    let wanted = max(1, UInt64((percent / 100 * Double(total)).rounded(.up)))
    var seen: UInt64 = 0
    for index in counts.indices {
      seen += counts[index]
      if seen >= wanted { return min(Self.upperBound(of: index), maximum) }
    }
    return 0
  }
}
