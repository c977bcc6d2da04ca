/// Numbers that should arrive as 0, 1, 2 and so on, and how they do.
struct Succession: Equatable, Sendable {
  private var next: UInt32 = 0
  private var missing: Set<UInt32> = []
  private(set) var received = 0
  private(set) var duplicated = 0
  /// Came after a higher number.
  private(set) var reordered = 0

  mutating func take(_ number: UInt32) {
    received += 1
    if number >= next {
      for skipped in next..<number { missing.insert(skipped) }
      next = number + 1
    } else if missing.remove(number) != nil {
      reordered += 1
    } else {
      duplicated += 1
    }
  }

  /// How many of the first `sent` numbers have not come.
  func lost(of sent: UInt32) -> Int { missing.count + Int(sent - min(sent, next)) }
}
