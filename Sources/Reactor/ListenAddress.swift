import Glibc

/// Where to listen, as an operator writes it.
///
/// | text | listens on |
/// |---|---|
/// | `:9080` or `9080` | every address of both families |
/// | `0.0.0.0:9080` | every IPv4 address |
/// | `[::]:9080` | every IPv6 address; can be bound beside the line above |
/// | `localhost:9080` | 127.0.0.1 |
/// | `192.0.2.1:9080`, `[2001:db8::1]:9080` | that address |
///
/// Port 0 lets the system choose. With `tls://` in front of it whoever comes there speaks TLS.
public struct ListenAddress: Equatable, Sendable, CustomStringConvertible {
  public let address: SocketAddress
  /// IPv4 callers are welcome on the IPv6 socket too.
  public let bothFamilies: Bool
  /// Newcomers begin with a TLS handshake.
  public let isEncrypted: Bool
  /// As it was written.
  public let description: String

  public init(parsing text: String) throws(SystemError) {
    description = text
    let scheme = "tls://"
    isEncrypted = text.hasPrefix(scheme)
    let text = isEncrypted ? String(text.dropFirst(scheme.count)) : text
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    let name = parts.count == 2 ? String(parts[0]) : ""
    if parts.count <= 2, let port = SocketAddress.port(parsing: parts[parts.count - 1]), name.isEmpty {
      address = SocketAddress(host: .anyIPv6, port: port)
      bothFamilies = true
      return
    }
    bothFamilies = false
    if name == "localhost", let port = SocketAddress.port(parsing: parts[1]) {
      address = SocketAddress(host: .loopbackIPv4, port: port)
    } else if let parsed = SocketAddress(parsing: text) {
      address = parsed
    } else {
      throw SystemError(
        "listen", EINVAL,
        "cannot listen on '\(description)': write an address and a port, such as 0.0.0.0:9080, [::]:9080 or :9080")
    }
  }
}
