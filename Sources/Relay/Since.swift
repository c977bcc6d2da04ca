/// A moment that may be unset, in half the space: good for 24 days.
struct Since {
  /// The lower half of the milliseconds; 0 for unset.
  private var low: UInt32 = 0

  var isSet: Bool { low != 0 }

  mutating func set(_ now: UInt64) { low = max(1, UInt32(truncatingIfNeeded: now)) }

  mutating func unset() { low = 0 }

  /// When so many milliseconds will have passed since; never, while unset.
  func end(of milliseconds: Int, now: UInt64) -> UInt64 {
    guard isSet else { return .max }
    // One that was set a millisecond ahead of itself, in place of 0, has just begun.
    let age = Int32(truncatingIfNeeded: UInt32(truncatingIfNeeded: now) &- low)
    return now - UInt64(max(0, age)) + UInt64(milliseconds)
  }
}
