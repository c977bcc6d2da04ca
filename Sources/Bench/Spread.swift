/// The middle half of some values, and their median.
struct Spread: Equatable, Sendable {
  let low: Double
  let median: Double
  let high: Double

  /// Nil of nothing.
  init?(_ values: [Double]) {
    guard !values.isEmpty else { return nil }
    let sorted = values.sorted()
    low = Self.quantile(sorted, 0.25)
    median = Self.quantile(sorted, 0.5)
    high = Self.quantile(sorted, 0.75)
  }

  /// Between two values in proportion to the distance from them.
  private static func quantile(_ sorted: [Double], _ share: Double) -> Double {
    let place = share * Double(sorted.count - 1)
    let below = Int(place)
    let above = min(below + 1, sorted.count - 1)
    return sorted[below] + (sorted[above] - sorted[below]) * (place - Double(below))
  }

  func text(_ places: Int) -> String { "\(fixed(median, places)) (\(fixed(low, places)) to \(fixed(high, places)))" }

  func json(_ places: Int) -> String { "[\([low, median, high].map { fixed($0, places) }.joined(separator: ","))]" }
}

/// The middle value, or the mean of the two middle ones; nil of nothing.
func median(_ values: [Double]) -> Double? { Spread(values)?.median }
