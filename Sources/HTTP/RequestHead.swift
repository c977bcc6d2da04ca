/// A request up to its empty line (RFC 9112 §3), checked so that nothing in it can be read in two ways.
public struct RequestHead: HeaderFields, Sendable, Equatable {
  /// How the body that follows is delimited (RFC 9112 §6).
  public enum Body: Sendable, Equatable {
    case none
    case length(Int)
    case chunked
  }

  public let method: String
  /// As it came: path and query, still percent-encoded.
  public let target: String
  /// The target's path, percent-decoded; `*` for a request about the server itself.
  public let path: String
  /// What follows the `?`, still encoded; nil if there is none.
  public let queryText: String?
  /// The digit behind `HTTP/1.`
  public let minorVersion: Int
  public let headers: [HeaderField]
  public internal(set) var body = Body.none

  /// The first query parameter of that name, decoded as HTML forms write it; `?name` alone is empty.
  public func query(_ name: String) -> String? {
    queryItems.first { $0.name == name }?.value
  }

  /// All query parameters in order.
  public var queryItems: [(name: String, value: String)] {
    guard let queryText else { return [] }
    return queryText.utf8.split(separator: UInt8(ascii: "&")).map { item in
      let name = item.prefix { $0 != UInt8(ascii: "=") }
      return (PercentCoding.decodeForm(name), PercentCoding.decodeForm(item.dropFirst(name.count + 1)))
    }
  }

  /// The host that the client named, without its port and a dot at its end, in lower case (RFC 9112 §3.2).
  public var hostName: String? {
    guard let text = header("Host")?.lowercased() else { return nil }
    // The colons within the brackets of an IPv6 address are none of a port.
    if let bracket = text.lastIndex(of: "]") { return String(text[...bracket]) }
    let name = text.firstIndex(of: ":").map { text[..<$0] } ?? text[...]
    return String(name.hasSuffix(".") ? name.dropLast() : name)
  }

  /// Whether the client expects the connection to stay open after the answer (RFC 9112 §9.3).
  public var keepsAlive: Bool {
    if lists("Connection", "close") { return false }
    return minorVersion >= 1 || lists("Connection", "keep-alive")
  }
}
