/// What a proxy says first about a connection that it makes for somebody else: the PROXY protocol, versions 1 and 2
/// (https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt).
public enum ProxyHeader {
  /// The longest header that is read. Version 2 allows 65,551 bytes; addresses and what proxies add stay far below.
  public static let bytesMax = 4096
  /// The longest line of version 1, its end included (§2.1).
  private static let lineBytesMax = 107
  /// How version 2 begins (§2.2).
  private static let signature: [UInt8] = [
    0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
  ]

  public enum Answer: Equatable, Sendable {
    /// All bytes so far belong to the header, and more do.
    case incomplete
    /// `length` bytes were the header. The client's address; nil where the connection is the proxy's own (LOCAL), or the
    /// client's address is unknown or no TCP over IP.
    case complete(client: HostAddress?, length: Int)
    /// The protocol forbids guessing: the connection has to be dropped (§2).
    case malformed(String)
  }

  public static func parse(_ bytes: [UInt8]) -> Answer {
    guard let first = bytes.first else { return .incomplete }
    return first == signature[0] ? parseBinary(bytes) : parseLine(bytes)
  }

  // MARK: Version 1

  /// `PROXY TCP4 192.0.2.1 198.51.100.1 56324 443` CR LF.
  private static func parseLine(_ bytes: [UInt8]) -> Answer {
    let start = Array("PROXY ".utf8)
    guard bytes.starts(with: start.prefix(bytes.count)) else { return .malformed("it begins as no PROXY header does") }
    guard let end = bytes.prefix(lineBytesMax).firstIndex(of: 0x0A) else {
      return bytes.count < lineBytesMax ? .incomplete : .malformed("the line is too long")
    }
    // In other text a space may be one character with what follows it, and part no words.
    guard end > start.count, bytes[end - 1] == 0x0D,
      let line = String(validating: bytes[..<(end - 1)], as: Unicode.ASCII.self)
    else { return .malformed("the line is malformed") }
    let words = line.split(separator: " ", omittingEmptySubsequences: false)
    // What follows UNKNOWN is to be ignored.
    if words[1] == "UNKNOWN" { return .complete(client: nil, length: end + 1) }
    guard words.count == 6, words[1] == "TCP4" || words[1] == "TCP6", isPort(words[4]), isPort(words[5]),
      let client = address(words[2], words[1]), address(words[3], words[1]) != nil
    else { return .malformed("the line is malformed") }
    return .complete(client: client, length: end + 1)
  }

  private static func address(_ text: Substring, _ family: Substring) -> HostAddress? {
    text.contains(":") == (family == "TCP6") ? HostAddress(parsing: text) : nil
  }

  private static func isPort(_ text: Substring) -> Bool {
    !text.isEmpty && SocketAddress.port(parsing: text) != nil && (text == "0" || !text.hasPrefix("0"))
  }

  // MARK: Version 2

  /// Signature, version and command, family and transport, the length of what follows, addresses, and what else the
  /// proxy has to say, which is skipped.
  private static func parseBinary(_ bytes: [UInt8]) -> Answer {
    guard bytes.starts(with: signature.prefix(bytes.count)) else {
      return .malformed("it begins as no PROXY header does")
    }
    guard bytes.count >= 16 else { return .incomplete }
    guard bytes[12] >> 4 == 2, bytes[12] & 15 <= 1 else { return .malformed("the version or command is unknown") }
    guard bytes[13] >> 4 <= 3, bytes[13] & 15 <= 2 else { return .malformed("the family or transport is unknown") }
    let length = 16 + Int(bytes[14]) << 8 + Int(bytes[15])
    guard length <= bytesMax else { return .malformed("it is too long") }
    let isLocal = bytes[12] & 15 == 0
    let addressBytes = isLocal ? 0 : [0, 12, 36, 216][Int(bytes[13] >> 4)]
    guard length >= 16 + addressBytes else { return .malformed("it is too short for its addresses") }
    guard bytes.count >= length else { return .incomplete }
    guard !isLocal else { return .complete(client: nil, length: length) }
    switch bytes[13] {
    case 0x11: return .complete(client: HostAddress(ipv4: UInt32(number(bytes[16..<20]))), length: length)
    case 0x21:
      let client = HostAddress(high: number(bytes[16..<24]), low: number(bytes[24..<32]))
      return .complete(client: client, length: length)
    default: return .complete(client: nil, length: length)
    }
  }

  /// In network order.
  private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
}
