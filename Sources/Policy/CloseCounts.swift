/// How many peers have left with which close code. Clients choose theirs, so those that have no meaning of their own are
/// counted together.
public struct CloseCounts: Sendable {
  /// What the codes are told as.
  public static let names = (1000...1014).map { "\($0)" } + ["3xxx", "4xxx", "other"]

  /// In the order of `names`.
  public private(set) var counts = [UInt64](repeating: 0, count: names.count)

  mutating func note(_ code: UInt16) {
    switch code {
    case 1000...1014: counts[Int(code) - 1000] += 1
    case 3000...3999: counts[15] += 1
    case 4000...4999: counts[16] += 1
    default: counts[17] += 1
    }
  }
}
