import Reactor
import Testing

@testable import Relay

@Suite struct AddressCountsTests {
  private func host(_ text: String) throws -> HostAddress { try #require(HostAddress(parsing: text)) }

  @Test func asManyAsAllowedFromOneAddress() throws {
    var counts = AddressCounts(most: 2)
    let (one, other) = (try host("192.0.2.1"), try host("192.0.2.2"))
    let first = (counts.admit(one), counts.admit(one), counts.admit(one))
    #expect(first == (true, true, false))
    #expect(counts.admit(other) == true)
    counts.leave(one)
    let again = (counts.admit(one), counts.admit(one))
    #expect(again == (true, false))
  }

  /// Somebody with IPv6 has 2^64 addresses, so they count as one.
  @Test func aNetworkOfIPv6IsOneAddress() throws {
    var counts = AddressCounts(most: 2)
    let admitted = try ["2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "2001:db8:0:1::3", "2001:db8:0:2::1"].map {
      counts.admit(try host($0))
    }
    #expect(admitted == [true, true, false, true])
    counts.leave(try host("2001:db8:0:1:aaaa::9"))
    let later = counts.admit(try host("2001:db8:0:1::3"))
    #expect(later)
  }

  @Test func nothingIsKeptOfThoseWhoAreGone() throws {
    var counts = AddressCounts(most: 5)
    for last in 1...200 { _ = counts.admit(try host("192.0.2.\(last)")) }
    #expect(counts.count == 200)
    for last in 1...200 { counts.leave(try host("192.0.2.\(last)")) }
    #expect(counts.count == 0)
  }

  @Test func whoIsThereWhenTheLimitComesCounts() throws {
    var counts = AddressCounts(most: 2)
    for _ in 0..<3 { counts.enter(try host("192.0.2.1")) }
    let (before, other) = (counts.admit(try host("192.0.2.1")), counts.admit(try host("192.0.2.2")))
    #expect(!before && other)
    for _ in 0..<2 { counts.leave(try host("192.0.2.1")) }
    let after = counts.admit(try host("192.0.2.1"))
    #expect(after)
  }

  @Test func withoutALimitNobodyIsCounted() throws {
    var counts = AddressCounts(most: 0)
    let admitted = try (0..<1000).allSatisfy { _ in counts.admit(try host("192.0.2.1")) }
    #expect(admitted)
    #expect(counts.count == 0)
    counts.leave(try host("192.0.2.1"))
  }
}
