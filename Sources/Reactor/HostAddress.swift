import Glibc

/// An IPv4 or IPv6 address without port, in the 16-byte form in which IPv4 is `::ffff:a.b.c.d` (RFC 4291 §2.5.5.2).
///
/// One number for both families, so it can key a table of connections per address.
/// Scope ids of link-local addresses are not kept.
public struct HostAddress: Hashable, Sendable {
  /// The first and the last eight bytes, as numbers.
  public let high: UInt64
  public let low: UInt64

  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  public init(ipv4: UInt32) {
    self.init(high: 0, low: 0xffff << 32 | UInt64(ipv4))
  }

  /// `0.0.0.0`, `::`, `127.0.0.1` and `::1`.
  public static var anyIPv4: HostAddress { HostAddress(ipv4: 0) }
  public static var anyIPv6: HostAddress { HostAddress(high: 0, low: 0) }
  public static var loopbackIPv4: HostAddress { HostAddress(ipv4: 0x7f00_0001) }
  public static var loopbackIPv6: HostAddress { HostAddress(high: 0, low: 1) }

  /// The IPv4 address as a number, or nil when this is IPv6.
  public var ipv4: UInt32? {
    high == 0 && low >> 32 == 0xffff ? UInt32(truncatingIfNeeded: low) : nil
  }

  /// The machine talking to itself: 127.0.0.0/8 or `::1`.
  public var isLoopback: Bool {
    if let ipv4 { return ipv4 >> 24 == 127 }
    return self == .loopbackIPv6
  }

  /// What one customer of a provider usually holds: the address itself in IPv4, its /64 in IPv6. The key for limits
  /// per address, as anybody with IPv6 has 2^64 addresses to choose from.
  public var network: HostAddress {
    ipv4 == nil ? HostAddress(high: high, low: 0) : self
  }
}

extension HostAddress: CustomStringConvertible {
  /// Reads `203.0.113.7` or `2001:db8::1`; nil for anything else, names and brackets included. inet_pton(3)
  public init?(parsing text: some StringProtocol) {
    let text = String(text)
    // inet_pton would stop at a NUL and accept what stands before it.
    guard !text.utf8.contains(0) else { return nil }
    var ipv4 = in_addr()
    var ipv6 = in6_addr()
    // Each call writes exactly the structure that its family names.
    if unsafe inet_pton(AF_INET, text, &ipv4) == 1 {
      self.init(ipv4: UInt32(bigEndian: ipv4.s_addr))
    } else if unsafe inet_pton(AF_INET6, text, &ipv6) == 1 {
      self.init(ipv6)
    } else {
      return nil
    }
  }

  /// `203.0.113.7` or, as RFC 5952 wants it, `2001:db8::1`. inet_ntop(3)
  public var description: String {
    var ipv4 = in_addr(s_addr: (self.ipv4 ?? 0).bigEndian)
    var ipv6 = in6
    let isIPv4 = self.ipv4 != nil
    return unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { text in
      // INET6_ADDRSTRLEN holds the longest text of either family, NUL included, so the call cannot fail.
      let end =
        unsafe isIPv4
        ? inet_ntop(AF_INET, &ipv4, text.baseAddress, socklen_t(text.count))
        : inet_ntop(AF_INET6, &ipv6, text.baseAddress, socklen_t(text.count))
      guard let start = unsafe end else { preconditionFailure("inet_ntop") }
      return unsafe String(cString: start)
    }
  }

  init(_ ipv6: in6_addr) {
    // in6_addr is sixteen bytes in network order.
    let (high, low) = unsafe unsafeBitCast(ipv6, to: (UInt64, UInt64).self)
    self.init(high: UInt64(bigEndian: high), low: UInt64(bigEndian: low))
  }

  var in6: in6_addr { unsafe unsafeBitCast((high.bigEndian, low.bigEndian), to: in6_addr.self) }
}
