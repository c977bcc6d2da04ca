/// Unpredictable in service, repeatable in tests.
public struct RandomSource: Sendable {
  private var seeded: UInt64?

  /// Draws from the kernel.
  public static let system = RandomSource(seeded: nil)

  /// The same sequence for the same seed (SplitMix64).
  public static func seeded(_ seed: UInt64) -> RandomSource { RandomSource(seeded: seed) }

  public mutating func next() -> UInt64 {
    guard let state = seeded else {
      var kernel = SystemRandomNumberGenerator()
      return kernel.next()
    }
    let advanced = state &+ 0x9E37_79B9_7F4A_7C15
    seeded = advanced
    var mixed = (advanced ^ (advanced >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// A number in `0..<bound`, every one as likely as the others.
  public mutating func next(below bound: UInt64) -> UInt64 {
    precondition(bound > 0)
    // Draws from the incomplete last round are thrown away, or the low numbers would be favoured.
    let reject = UInt64.max - (UInt64.max % bound + 1) % bound
    while true {
      let drawn = next()
      if drawn <= reject { return drawn % bound }
    }
  }
}
