import Glibc

/// Where a server listens: `ws://ADDRESS:PORT/PATH`, the address a numeric IPv4 one.
struct Target: Equatable, Sendable {
  var address: UInt32
  var port: UInt16
  var path = "/"

  /// The same server at the path of a protocol, unless its URL named a path, with a query.
  func at(_ usual: String, _ query: String) -> Target {
    let place = path == "/" ? usual : path
    let joined = place.contains("?") && !query.isEmpty ? "&" + query.dropFirst() : query
    return Target(address: address, port: port, path: place + joined)
  }

  /// 127.0.0.1 in host byte order.
  static let loopback: UInt32 = 0x7F00_0001

  static func local(port: UInt16) -> Target { Target(address: loopback, port: port) }

  static func parse(_ url: String) throws(BenchError) -> Target {
    let wrong = BenchError.usage("'\(url)' is not of the form ws://127.0.0.1:9080/path with a numeric address")
    guard url.hasPrefix("ws://") else { throw wrong }
    let rest = url.dropFirst(5)
    let authority = rest.prefix { $0 != "/" }
    let path = String(rest.dropFirst(authority.count))
    let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
    guard let host = parts.first, parts.count <= 2, let port = parts.count == 2 ? UInt16(parts[1]) : 80 else {
      throw wrong
    }
    guard let address = host == "localhost" ? loopback : numeric(host) else { throw wrong }
    return Target(address: address, port: port, path: path.isEmpty ? "/" : path)
  }

  private static func numeric(_ host: Substring) -> UInt32? {
    let parts = host.split(separator: ".", omittingEmptySubsequences: false).compactMap { UInt8($0) }
    guard parts.count == 4, host.filter({ $0 == "." }).count == 3 else { return nil }
    return parts.reduce(0) { $0 << 8 | UInt32($1) }
  }

  /// `address` and `port` as the kernel takes them.
  static func socketAddress(_ address: UInt32, _ port: UInt16) -> sockaddr_in {
    var result = sockaddr_in()
    result.sin_family = sa_family_t(AF_INET)
    result.sin_port = port.bigEndian
    result.sin_addr.s_addr = address.bigEndian
    return result
  }
}
