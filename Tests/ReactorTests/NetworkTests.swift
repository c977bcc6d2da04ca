import Testing

@testable import Reactor

@Suite struct NetworkTests {
  @Test(arguments: [
    ("10.0.0.0/8", "10.255.0.1", "11.0.0.1"), ("192.0.2.1", "192.0.2.1", "192.0.2.2"),
    ("192.0.2.128/25", "192.0.2.200", "192.0.2.127"), ("0.0.0.0/0", "203.0.113.9", "2001:db8::1"),
    ("::/0", "2001:db8::1", "203.0.113.9"), ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
    ("2001:db8:0:1::/64", "2001:db8:0:1:ffff::1", "2001:db8:0:2::1"), ("::1", "::1", "::2"),
    ("::ffff:10.0.0.0/8", "10.1.2.3", "11.1.2.3"), ("2001:db8::8/127", "2001:db8::9", "2001:db8::a"),
    ("8000::/1", "ffff::", "7fff::"),
  ])
  func contains(_ text: String, _ inside: String, _ outside: String) throws {
    let network = try #require(Network(parsing: text))
    #expect(network.contains(try #require(HostAddress(parsing: inside))))
    #expect(!network.contains(try #require(HostAddress(parsing: outside))))
    #expect(Network(parsing: network.description) == network)
  }

  @Test(arguments: [("192.0.2.1/32", "192.0.2.1"), ("10.0.0.0/8", "10.0.0.0/8"), ("::1/128", "::1"), ("::/0", "::/0")])
  func prints(_ text: String, _ printed: String) {
    #expect(Network(parsing: text)?.description == printed)
  }

  @Test(arguments: [
    "", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/8/8", "10.0.0.7/8", "::1/64",
    "::/129",
    "localhost", "10.0.0.0/8 ", "10.0.0.0/٨", "[::1]", "10.0.0.1:80", "10.0.0.0/99999999999999999999",
  ])
  func refuses(_ text: String) {
    #expect(Network(parsing: text) == nil)
  }
}
