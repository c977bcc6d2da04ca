/// Counts a version's failures: so many within some time, and the one before it has to come back.
struct CircuitBreaker {
  private let most: Int
  private let milliseconds: UInt64
  /// When the last of them were, in monotonic milliseconds; at most `most`.
  private var times: [UInt64] = []
  private(set) var hasTripped = false

  /// 0 failures: it never trips.
  init(_ limits: MountLimits) {
    most = limits.breakerFailures
    milliseconds = UInt64(limits.breakerMilliseconds)
  }

  mutating func note(now: UInt64) {
    guard most > 0 else { return }
    times.removeAll { now > $0 + milliseconds }
    times.append(now)
    hasTripped = times.count >= most
  }

  /// Another version runs.
  mutating func reset() {
    times = []
    hasTripped = false
  }
}
