/// Unpredictable in service, repeatable in tests and where a recording is replayed.
public struct RandomSource: Sendable {
  private var seeded: UInt64?
  /// What has been drawn since `takeDrawn`; nil when nobody asks.
  private var drawn: [UInt64]?
  /// What is drawn next, the last one first.
  private var supply: [UInt64] = []

  /// Draws from the kernel.
  public static let system = RandomSource(seeded: nil)

  /// Draws from the kernel, and keeps what was drawn for `takeDrawn`.
  public static let noting = RandomSource(seeded: nil, drawn: [])

  /// The same sequence for the same seed (SplitMix64).
  public static func seeded(_ seed: UInt64) -> RandomSource { RandomSource(seeded: seed) }

  /// What has been drawn since this was last asked, for a source that notes it.
  public mutating func takeDrawn() -> [UInt64] {
    guard let taken = drawn else { return [] }
    if !taken.isEmpty { drawn = [] }
    return taken
  }

  /// Draws these numbers next, instead of those that are left of an earlier supply.
  public mutating func supply(_ numbers: [UInt64]) { supply = numbers.reversed() }

  public mutating func next() -> UInt64 {
    let number = supply.popLast() ?? generate()
    drawn?.append(number)
    return number
  }

  private mutating func generate() -> UInt64 {
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
