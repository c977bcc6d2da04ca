/// The client's address as proxies tell it in `X-Forwarded-For`, to which each appends whom it serves.
///
/// What stands further left may have been made up by the client: only what trusted proxies have appended counts.
public enum ForwardedFor {
  /// - Parameters:
  ///   - entries: of all header lines, in order, without the commas.
  ///   - proxy: who has sent the request; trusted.
  /// - Returns: from the right the first address that is no trusted proxy. Where an entry is no address, the one behind
  ///   it: whoever wrote that entry is not believed.
  public static func client(
    of entries: [String], behind proxy: HostAddress, isTrusted: (HostAddress) -> Bool
  ) -> HostAddress {
    var client = proxy
    for entry in entries.reversed() {
      guard let host = address(in: entry) else { return client }
      client = host
      guard isTrusted(host) else { return client }
    }
    return client
  }

  /// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:4711`.
  static func address(in entry: String) -> HostAddress? {
    if let plain = HostAddress(parsing: entry) { return plain }
    if let withPort = SocketAddress(parsing: entry) { return withPort.host }
    guard entry.hasPrefix("["), entry.hasSuffix("]"), entry.utf8.contains(UInt8(ascii: ":")) else { return nil }
    return HostAddress(parsing: entry.dropFirst().dropLast())
  }
}
