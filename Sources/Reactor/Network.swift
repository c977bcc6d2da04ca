/// The addresses that share their first bits (CIDR, RFC 4632): `10.0.0.0/8`, `2001:db8::/32`, or one address alone.
public struct Network: Hashable, Sendable, CustomStringConvertible {
  /// All bits behind the prefix are 0.
  public let first: HostAddress
  /// Of the 16-byte form, so 96 more than written for IPv4.
  private let prefixBits: Int

  /// Nil for what is no address or network, also for an address within one, as `10.0.0.7/8`.
  public init?(parsing text: some StringProtocol) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let host = parts.first.flatMap({ HostAddress(parsing: $0) }) else { return nil }
    let ownBits = host.ipv4 == nil ? 128 : 32
    var bits = ownBits
    if parts.count == 2 {
      guard !parts[1].isEmpty, parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }), let written = Int(parts[1]),
        written <= ownBits
      else { return nil }
      bits = written
    }
    prefixBits = bits + 128 - ownBits
    guard host.prefix(prefixBits) == host else { return nil }
    first = host
  }

  /// Whether an address is one of these. No network of IPv6 has one of IPv4 in it, not even `::/0`.
  public func contains(_ host: HostAddress) -> Bool {
    (host.ipv4 == nil) == (first.ipv4 == nil) && host.prefix(prefixBits) == first
  }

  public var description: String {
    let ownBits = first.ipv4 == nil ? prefixBits : prefixBits - 96
    return prefixBits == 128 ? "\(first)" : "\(first)/\(ownBits)"
  }
}

extension HostAddress {
  /// The address with all but its first `bits` bits 0.
  fileprivate func prefix(_ bits: Int) -> HostAddress {
    // A shift by as many bits as there are, or more, leaves none.
    HostAddress(
      high: high & (UInt64.max << UInt64(max(0, 64 - bits))), low: low & (UInt64.max << UInt64(min(64, 128 - bits))))
  }
}
