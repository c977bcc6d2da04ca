import Reactor

extension Fuzzer {
  /// A PROXY header means the same however much of what follows has arrived, and is no longer than what arrived; what a
  /// client writes in front of a list of forwarders changes nothing once one of them is no trusted proxy.
  public static let proxies = Fuzzer(name: "proxies") { input in
    let bytes = Array(input)
    return readsOtherwise(bytes) ?? believes(bytes)
  }

  private static func readsOtherwise(_ bytes: [UInt8]) -> String? {
    let whole = ProxyHeader.parse(bytes)
    if case .complete(_, let length) = whole, length > min(bytes.count, ProxyHeader.bytesMax) {
      return "The header is longer than what arrived"
    }
    for count in bytes.indices {
      switch (ProxyHeader.parse(Array(bytes[..<count])), whole) {
      case (.incomplete, _), (.malformed, .malformed): continue
      case (let early, _): if early != whole { return "The header reads differently after \(count) bytes" }
      }
    }
    if case .incomplete = whole, bytes.count >= ProxyHeader.bytesMax { return "The header has no end" }
    return nil
  }

  private static func believes(_ bytes: [UInt8]) -> String? {
    let entries = bytes.split(separator: UInt8(ascii: ",")).map { String(decoding: $0, as: UTF8.self) }
    guard let ten = Network(parsing: "10.0.0.0/8"), let forged = HostAddress(parsing: "198.51.100.9") else {
      return "A network reads differently"
    }
    func client(_ entries: [String]) -> HostAddress {
      ForwardedFor.client(of: entries, behind: .loopbackIPv4, isTrusted: ten.contains)
    }
    let (plain, mixed) = (client(entries), client([forged.description] + entries))
    if plain == mixed { return nil }
    return ten.contains(plain) || entries.isEmpty ? nil : "What a client has written is believed: \(plain), \(mixed)"
  }
}
