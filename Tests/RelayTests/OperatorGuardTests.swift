import HTTP
import Reactor
import Testing

@testable import Relay

/// Who may ask on the admin listener. Tests/Clients/admin.py sends the same over sockets.
@Suite struct OperatorGuardTests {
  private static let secret = "0123456789abcdef"
  private let here = HostAddress(ipv4: 0xc000_0201)

  private func head(_ lines: String...) throws -> RequestHead {
    let text = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    guard case .complete(let head, _) = text.withUnsafeBytes({ RequestHead.parse($0) }) else {
      throw HTTPMistake()
    }
    return head
  }

  private struct HTTPMistake: Error {}

  private func status(
    _ gate: inout OperatorGuard, _ head: RequestHead, now: UInt64 = 0, from host: HostAddress? = nil
  ) -> Int {
    gate.refusal(of: head, from: host ?? here, isPublic: false, now: now)?.status ?? 200
  }

  @Test(arguments: [
    ("127.0.0.1", 200), ("127.0.0.1:9081", 200), ("localhost", 200), ("LOCALHOST:9081", 200), ("[::1]:9081", 200),
    ("203.0.113.7", 200), ("evil.example", 403), ("localhost.evil.example", 403), ("127.0.0.1.evil.example", 403),
    ("[evil]", 403), ("0x7f000001", 403), ("2130706433", 403), ("", 403),
  ])
  func aNameIsNoAddress(_ host: String, _ expected: Int) throws {
    var gate = OperatorGuard()
    #expect(status(&gate, try head("GET /status HTTP/1.1", "Host: \(host)")) == expected)
  }

  @Test func withATokenAnyNameWillDo() throws {
    var gate = OperatorGuard(token: OperatorToken(Self.secret))
    let asked = try head("GET / HTTP/1.1", "Host: relay.example", "Authorization: Bearer \(Self.secret)")
    #expect(status(&gate, asked) == 200)
  }

  @Test func wrongTokensAreCountedByNetwork() throws {
    var gate = OperatorGuard(token: OperatorToken(Self.secret))
    let wrong = try head("GET / HTTP/1.1", "Host: x", "Authorization: Bearer 0123456789abcdeX")
    let right = try head("GET / HTTP/1.1", "Host: x", "Authorization: Bearer \(Self.secret)")
    for _ in 0..<TokenFailures.most { #expect(status(&gate, wrong, now: 5) == 401) }
    #expect(status(&gate, wrong, now: 6) == 429)
    #expect(status(&gate, right, now: 6) == 429)
    #expect(status(&gate, right, now: 6, from: HostAddress(ipv4: 0xc000_0202)) == 200)
    #expect(status(&gate, right, now: 5 + TokenFailures.milliseconds) == 200)
    let first = try #require(HostAddress(parsing: "2001:db8::1"))
    let second = try #require(HostAddress(parsing: "2001:db8::2"))
    for _ in 0..<TokenFailures.most { #expect(status(&gate, wrong, now: 7, from: first) == 401) }
    #expect(status(&gate, right, now: 7, from: second) == 429, "one /64 is one customer")
  }

  @Test func onlySoManyNetworksAreKnown() {
    var failures = TokenFailures()
    for number in 0..<UInt32(TokenFailures.networksMax + 5) {
      failures.note(HostAddress(ipv4: number), now: UInt64(number))
    }
    let now = UInt64(TokenFailures.networksMax + 5)
    #expect(failures.count(HostAddress(ipv4: 4), now: now) == 0, "the oldest are forgotten")
    #expect(failures.count(HostAddress(ipv4: 5), now: now) == 1)
    #expect(failures.count(HostAddress(ipv4: UInt32(TokenFailures.networksMax + 4)), now: now) == 1)
  }

  @Test func oneThatTriesOnceInAWhileIsNewEachTime() {
    var failures = TokenFailures()
    for now in [0, TokenFailures.milliseconds, 5 * TokenFailures.milliseconds] {
      #expect(failures.count(.loopbackIPv4, now: now) == 0)
      failures.note(.loopbackIPv4, now: now)
      #expect(failures.count(.loopbackIPv4, now: now) == 1, "the log tells of one more")
    }
  }

  @Test(arguments: ["", "short", "0123456789abcde", "with a space in it", "0123456789abcdef\n", "0123456789abcdeé"])
  func whatIsNoTokenIsNone(_ text: String) { #expect(OperatorToken(text) == nil) }

  @Test func tokensCompareByAllTheirBytes() throws {
    let token = try #require(OperatorToken(Self.secret))
    #expect(token.equals(Self.secret))
    for other in ["", "0123456789abcdeX", "X123456789abcdef", Self.secret + "0", String(Self.secret.dropLast())] {
      #expect(!token.equals(other))
    }
  }

  @Test(arguments: [
    (String?.none, String?.none), ("Bearer abc", "abc"), ("bearer  abc", "abc"), ("Basic abc", nil), ("Bearer", nil),
    ("abc", nil),
  ])
  func theTokenIsBehindItsScheme(_ header: String?, _ expected: String?) {
    #expect(OperatorToken.offered(in: header) == expected)
  }
}

@Suite struct BansTests {
  @Test(arguments: [
    ("203.0.113.7", "203.0.113.7"), ("2001:db8::7", "2001:db8::/64"), ("2001:db8::/64", "2001:db8::/64"),
    ("::ffff:192.0.2.1", "192.0.2.1"), ("203.0.113.0/24", nil), ("2001:db8::/32", nil), ("192.0.2.1/64", nil),
    ("example.org", nil), ("", nil), ("/64", nil),
  ])
  func networksAreRead(_ text: String, _ expected: String?) {
    #expect(Bans.network(parsing: text).map(Bans.text) == expected)
  }

  @Test func theyEnd() throws {
    var bans = Bans()
    let host = try #require(HostAddress(parsing: "2001:db8::1"))
    let neighbour = try #require(HostAddress(parsing: "2001:db8::2"))
    #expect(!bans.contains(host, now: 0))
    let first = bans.insert(host, until: 100, now: 0, most: 1)
    #expect(first && bans.contains(neighbour, now: 99) && !bans.contains(neighbour, now: 100))
    #expect(bans.count(99) == 1 && bans.count(100) == 0)
    let tooMany = bans.insert(.loopbackIPv4, until: 200, now: 99, most: 1)
    let afterIt = bans.insert(.loopbackIPv4, until: 200, now: 100, most: 1)
    let again = bans.insert(.loopbackIPv4, until: 300, now: 100, most: 1)
    #expect(!tooMany && afterIt && again && bans.listed.map(\.end) == [300])
    let isRemoved = bans.remove(.loopbackIPv4, now: 150)
    let isThere = bans.remove(.loopbackIPv4, now: 150)
    #expect(isRemoved && !isThere)
  }
}
