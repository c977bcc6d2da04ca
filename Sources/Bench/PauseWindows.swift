/// A stretch of time cut into windows of one length, and the longest that any message was on its way in each.
struct PauseWindows: Sendable {
  let start: UInt64
  let nanosecondsEach: UInt64
  private var longest: [UInt64]
  private var disturbed: [Bool]

  init(start: UInt64, nanosecondsEach: UInt64, count: Int) {
    self.start = start
    self.nanosecondsEach = nanosecondsEach
    longest = Array(repeating: 0, count: count)
    disturbed = Array(repeating: false, count: count)
  }

  /// A message that was on its way. It counts in every window that it was on its way in.
  mutating func note(from sent: UInt64, to received: UInt64) {
    for index in indices(sent, received) { longest[index] = max(longest[index], received - sent) }
  }

  /// Something was done to the server meanwhile.
  mutating func disturb(from begin: UInt64, to end: UInt64) {
    for index in indices(begin, end) { disturbed[index] = true }
  }

  /// The longest ways, one for each window that was disturbed, or was not.
  func longest(disturbed wanted: Bool) -> Histogram {
    var histogram = Histogram()
    for index in longest.indices where disturbed[index] == wanted && longest[index] > 0 {
      histogram.record(longest[index])
    }
    return histogram
  }

  private func indices(_ from: UInt64, _ to: UInt64) -> Range<Int> {
    guard to >= start else { return 0..<0 }
    let first = Int((max(from, start) - start) / nanosecondsEach)
    let last = Int((to - start) / nanosecondsEach)
    return min(first, longest.count)..<min(last + 1, longest.count)
  }
}
