/// Counts a version's failures: so many within some time, and the one before it has to come back.
///
/// Failures that one customer of a provider causes count for a quarter of that at most, or anybody who finds a message
/// that a hook fails on could undo the operator's reload.
struct CircuitBreaker {
  private struct Failure {
    let time: UInt64
    let network: String?
  }

  private let most: Int
  private let mostOfOne: Int
  private let milliseconds: UInt64
  /// The last of them, in monotonic milliseconds; at most `most`.
  private var failures: [Failure] = []
  private(set) var hasTripped = false

  /// 0 failures: it never trips.
  init(_ limits: MountLimits) {
    most = limits.breakerFailures
    mostOfOne = max(1, most / 4)
    milliseconds = UInt64(limits.breakerMilliseconds)
  }

  /// `address` is whose event it was; nil for nobody's. This machine's own stands for a proxy or a developer.
  mutating func note(now: UInt64, address: String?) {
    guard most > 0 else { return }
    failures.removeAll { now > $0.time + milliseconds }
    let network = address.flatMap(Self.network)
    if let network, failures.count(where: { $0.network == network }) >= mostOfOne { return }
    failures.append(Failure(time: now, network: network))
    hasTripped = failures.count >= most
  }

  /// Another version runs.
  mutating func reset() {
    failures = []
    hasTripped = false
  }

  /// The address in IPv4, its first 64 bits in IPv6; nil for this machine's own.
  private static func network(of address: String) -> String? {
    if address == "::1" || address.hasPrefix("127.") { return nil }
    guard address.utf8.contains(UInt8(ascii: ":")) else { return address }
    let groups = address.split(separator: ":", maxSplits: 4, omittingEmptySubsequences: false)
    // Behind `::` there are zeros up to the last groups.
    return groups.prefix(4).prefix { !$0.isEmpty }.joined(separator: ":")
  }
}
