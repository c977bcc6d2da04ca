/// How many newcomers that are turned away still get an answer: in a flood the others are hung up on.
struct RefusalBudget {
  private static let answersPerSecond = 100

  private var second: UInt64 = 0
  private var given = 0

  /// `now` is in milliseconds.
  mutating func take(now: UInt64) -> Bool {
    if now / 1000 != second { (second, given) = (now / 1000, 0) }
    given += 1
    return given <= Self.answersPerSecond
  }
}
