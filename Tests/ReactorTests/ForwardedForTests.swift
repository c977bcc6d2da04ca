import Testing

@testable import Reactor

@Suite struct ForwardedForTests {
  /// With 127.0.0.1 and 10.0.0.0/8 trusted, asked by 127.0.0.1.
  @Test(arguments: [
    ([], "127.0.0.1"),
    (["192.0.2.1"], "192.0.2.1"),
    (["198.51.100.9", "192.0.2.1"], "192.0.2.1"),
    (["192.0.2.1", "10.0.0.7"], "192.0.2.1"),
    (["192.0.2.1", "10.0.0.7", "10.9.9.9"], "192.0.2.1"),
    (["10.0.0.8", "10.0.0.7"], "10.0.0.8"),
    (["192.0.2.1:4711"], "192.0.2.1"),
    (["2001:db8::1"], "2001:db8::1"),
    (["[2001:db8::1]"], "2001:db8::1"),
    (["[2001:db8::1]:443"], "2001:db8::1"),
    (["::ffff:192.0.2.1"], "192.0.2.1"),
    (["192.0.2.1", "::ffff:10.0.0.7"], "192.0.2.1"),
    (["unknown"], "127.0.0.1"),
    (["192.0.2.1", "unknown", "10.0.0.7"], "10.0.0.7"),
    (["192.0.2.1", "secret\u{0}", "10.0.0.7"], "10.0.0.7"),
    (["unknown", "192.0.2.1"], "192.0.2.1"),
    (["[192.0.2.1]"], "127.0.0.1"), (["[]"], "127.0.0.1"), (["\"192.0.2.1\""], "127.0.0.1"),
    (["192.0.2.1 192.0.2.2"], "127.0.0.1"), (["192.0.2.1:port"], "127.0.0.1"), ([""], "127.0.0.1"),
  ])
  func theRightmostThatIsNoProxy(_ entries: [String], _ expected: String) throws {
    let networks = ["127.0.0.1", "10.0.0.0/8"].compactMap { Network(parsing: $0) }
    let client = ForwardedFor.client(of: entries, behind: .loopbackIPv4) { host in
      networks.contains { $0.contains(host) }
    }
    #expect(client.description == expected)
  }
}
