import Glibc

/// A property that must hold for any input. libFuzzer looks for an input that breaks it; the ordinary
/// test run replays the corpus.
public struct Fuzzer: Sendable {
  /// Also the folder under `corpora`.
  public let name: String
  /// Nil if the property held, else what broke. It may also crash; both are found.
  public let body: @Sendable (UnsafeRawBufferPointer) -> String?

  public static let all = [frames, deflate, heads, splice, decode, talk, proxies]
}

/// Chosen by the environment, so that one program serves every fuzzer.
private let chosen: Fuzzer = {
  let name = getenv("LOBBYIST_FUZZER").map { String(cString: $0) } ?? ""
  guard let fuzzer = Fuzzer.all.first(where: { $0.name == name }) else {
    fatalError("LOBBYIST_FUZZER must be one of: " + Fuzzer.all.map(\.name).joined(separator: ", "))
  }
  return fuzzer
}()

/// What libFuzzer calls for each input.
@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
  if let failure = chosen.body(UnsafeRawBufferPointer(start: data, count: size)) { fatalError(failure) }
  return 0
}

/// Numbers that an input determines: the same file always gives the same splits.
public struct SplitMix: RandomNumberGenerator, Sendable {
  private var state: UInt64

  public init(seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
