import Reactor

/// Networks whose connections are refused, each until its time: addresses, in IPv6 their /64.
struct Bans {
  static let secondsMax = 366 * 86_400
  static let millisecondsMax = UInt64(secondsMax) * 1000

  /// When each ends, in monotonic milliseconds.
  private var ends: [HostAddress: UInt64] = [:]

  /// How many there are now.
  func count(_ now: UInt64) -> Int { ends.count { now < $0.value } }

  var isEmpty: Bool { ends.isEmpty }

  func contains(_ host: HostAddress, now: UInt64) -> Bool {
    guard let end = ends[host.network] else { return false }
    return now < end
  }

  /// False, with nothing done, when there are as many as there may be (0 = any number).
  mutating func insert(_ host: HostAddress, until end: UInt64, now: UInt64, most: Int) -> Bool {
    if most > 0, ends[host.network] == nil, ends.count >= most {
      forgetEnded(now)
      guard ends.count < most else { return false }
    }
    ends[host.network] = end
    return true
  }

  /// False when there is none for this network.
  mutating func remove(_ host: HostAddress, now: UInt64) -> Bool {
    forgetEnded(now)
    return ends.removeValue(forKey: host.network) != nil
  }

  mutating func forgetEnded(_ now: UInt64) { ends = ends.filter { now < $0.value } }

  /// The last to end first.
  var listed: [(host: HostAddress, end: UInt64)] {
    ends.map { ($0.key, $0.value) }.sorted { ($0.1, $0.0.high, $0.0.low) > ($1.1, $1.0.high, $1.0.low) }
  }

  /// Reads `203.0.113.7`, `2001:db8::1` or `2001:db8::/64`.
  static func network(parsing text: String) -> HostAddress? {
    guard let slash = text.firstIndex(of: "/") else { return HostAddress(parsing: text)?.network }
    guard text[slash...] == "/64", let host = HostAddress(parsing: text[..<slash]), host.ipv4 == nil else { return nil }
    return host.network
  }

  /// `203.0.113.7` or `2001:db8::/64`.
  static func text(of network: HostAddress) -> String { network.ipv4 == nil ? "\(network)/64" : "\(network)" }
}
