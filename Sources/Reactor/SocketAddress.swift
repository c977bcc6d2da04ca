import Glibc

/// An address and a port: one end of a connection.
public struct SocketAddress: Hashable, Sendable, CustomStringConvertible {
  public let host: HostAddress
  public let port: UInt16

  public init(host: HostAddress, port: UInt16) {
    self.host = host
    self.port = port
  }

  /// Reads `203.0.113.7:9080` or `[2001:db8::1]:9080`; nil for anything else.
  public init?(parsing text: some StringProtocol) {
    guard let colon = text.lastIndex(of: ":"), let port = Self.port(parsing: text[text.index(after: colon)...]) else {
      return nil
    }
    var name = text[..<colon]
    let bracketed = name.first == "[" && name.last == "]" && name.count > 2
    if bracketed { name = name.dropFirst().dropLast() }
    // Brackets belong to IPv6 and only to it (RFC 3986 §3.2.2): without them the last colon is ambiguous.
    guard let host = HostAddress(parsing: name), bracketed == name.contains(":") else { return nil }
    self.init(host: host, port: port)
  }

  /// Digits only: no sign, no spaces, at most 65535.
  static func port(parsing text: some StringProtocol) -> UInt16? {
    guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return UInt16(text)
  }

  /// `203.0.113.7:9080` or `[2001:db8::1]:9080`.
  public var description: String { host.ipv4 == nil ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
