import Testing

@testable import Reactor

@Suite struct ProxyHeaderTests {
  static let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]
  static let ipv4: [UInt8] = [192, 0, 2, 1, 198, 51, 100, 1, 0xDC, 0x04, 0x01, 0xBB]

  static func binary(_ command: UInt8, _ family: UInt8, _ rest: [UInt8], count: Int? = nil) -> [UInt8] {
    let count = count ?? rest.count
    return signature + [command, family, UInt8(count >> 8), UInt8(count & 255)] + rest
  }

  private func check(_ bytes: [UInt8], client: String?) {
    let expected = ProxyHeader.Answer.complete(
      client: client.flatMap { HostAddress(parsing: $0) }, length: bytes.count)
    #expect(ProxyHeader.parse(bytes) == expected)
    #expect(ProxyHeader.parse(bytes + [0x47, 0x0A, 0x0D]) == expected)
    for length in 0..<bytes.count { #expect(ProxyHeader.parse(Array(bytes[..<length])) == .incomplete) }
  }

  @Test(arguments: [
    ("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n", "192.0.2.1"),
    ("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255"),
    ("PROXY TCP6 2001:db8::1 2001:db8::2 1 0\r\n", "2001:db8::1"),
    ("PROXY TCP6 ::ffff:192.0.2.1 ::1 56324 443\r\n", "192.0.2.1"),
    ("PROXY UNKNOWN\r\n", nil),
    ("PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", nil),
    (
      "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
      "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
    ),
    ("PROXY UNKNOWN \(String(repeating: "x", count: 91))\r\n", nil),
  ])
  func lines(_ text: String, _ client: String?) { check(Array(text.utf8), client: client) }

  @Test(arguments: [
    "GET / HTTP/1.1\r\n", "\u{16}\u{3}\u{1}", "proxy TCP4 192.0.2.1 198.51.100.1 56324 443\r\n", "PROXYTCP4",
    "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\n", "PROXY TCP4 192.0.2.1 198.51.100.1 56324\r\n",
    "PROXY  TCP4 192.0.2.1 198.51.100.1 56324 443\r\n", "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443 \r\n",
    "PROXY TCP4 192.0.2.256 198.51.100.1 56324 443\r\n", "PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n",
    "PROXY TCP6 192.0.2.1 198.51.100.1 56324 443\r\n", "PROXY TCP4 192.0.2.1 198.51.100.1 65536 443\r\n",
    "PROXY TCP4 192.0.2.1 198.51.100.1 056324 443\r\n", "PROXY TCP4 192.0.2.1 198.51.100.1 -1 443\r\n",
    "PROXY TCP4 192.0.2.1 198.51.100.1  443\r\n", "PROXY TCP5 192.0.2.1 198.51.100.1 1 443\r\n", "PROXY \r\n",
    "PROXY\r\n",
    "PROXY UNKNOWN \(String(repeating: "x", count: 92))\r\n", "PROXY UNKNOWN \(String(repeating: "x", count: 93))",
    "PROXY UNKNOWNS\r\n", "PROXY TCP4 192.0.2.1\u{0} 198.51.100.1 56324 443\r\n", "\r\n\r\nGET / HTTP/1.1",
    "PROXY \u{301}\r\n", "PROXY UNKNOWN \u{301}\r\n",
  ])
  func malformedLines(_ text: String) {
    guard case .malformed = ProxyHeader.parse(Array(text.utf8)) else {
      Issue.record("\(text): \(ProxyHeader.parse(Array(text.utf8)))")
      return
    }
  }

  @Test func binaryHeaders() {
    let ipv6: [UInt8] = [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [7]
    let mapped = [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF, 192, 0, 2, 1]
    let ports: [UInt8] = [1, 2, 3, 4]
    check(Self.binary(0x21, 0x11, Self.ipv4), client: "192.0.2.1")
    check(Self.binary(0x21, 0x21, ipv6 + ipv6 + ports), client: "2001:db8::7")
    check(Self.binary(0x21, 0x21, mapped + ipv6 + ports), client: "192.0.2.1")
    // What follows the addresses is skipped, a wrong checksum too: PP2_TYPE_CRC32C, PP2_TYPE_NOOP.
    check(Self.binary(0x21, 0x11, Self.ipv4 + [3, 0, 4, 9, 9, 9, 9] + [4, 0, 1, 0]), client: "192.0.2.1")
    check(Self.binary(0x20, 0, []), client: nil)
    check(Self.binary(0x20, 0x11, Self.ipv4), client: nil)
    check(Self.binary(0x20, 0x11, []), client: nil)
    check(Self.binary(0x21, 0, []), client: nil)
    check(Self.binary(0x21, 0, [1, 2, 3]), client: nil)
    check(Self.binary(0x21, 0x12, Self.ipv4), client: nil)
    check(Self.binary(0x21, 0x31, [UInt8](repeating: 47, count: 216)), client: nil)
    check(Self.binary(0x21, 0x11, Self.ipv4 + [UInt8](repeating: 0, count: 4068)), client: "192.0.2.1")
  }

  @Test(arguments: [
    binary(0x21, 0x11, ipv4, count: 11), binary(0x11, 0x11, ipv4), binary(0x22, 0x11, ipv4), binary(0x31, 0x11, ipv4),
    binary(0x21, 0x41, ipv4), binary(0x21, 0x13, ipv4), binary(0x21, 0x21, ipv4), binary(0x21, 0x31, ipv4),
    binary(0x21, 0x11, ipv4, count: 4081), binary(0x20, 0, [], count: 65535), [0x0D, 0x0A, 0x0D, 0x0A, 1],
  ])
  func malformedBinaryHeaders(_ bytes: [UInt8]) {
    guard case .malformed = ProxyHeader.parse(bytes) else {
      Issue.record("\(bytes): \(ProxyHeader.parse(bytes))")
      return
    }
  }
}
