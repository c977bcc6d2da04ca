import Reactor
import Testing

@testable import Relay

@Suite struct AddressRatesTests {
  private func host(_ text: String) throws -> HostAddress { try #require(HostAddress(parsing: text)) }

  @Test func aMinutesWorthAtOnceAndThenOneAnInterval() throws {
    var rates = AddressRates(most: 6)
    let (one, other) = (try host("192.0.2.1"), try host("192.0.2.2"))
    let atOnce = (0..<8).map { _ in rates.admit(one, now: 1_000_000) }
    #expect(atOnce == [true, true, true, true, true, true, false, false])
    let later = [1_009_999, 1_010_000, 1_010_000, 1_019_999, 1_020_000].map { rates.admit(one, now: $0) }
    #expect(later == [false, true, false, false, true])
    #expect(rates.admit(other, now: 1_000_000) == true)
    let afterAPause = (0..<7).map { _ in rates.admit(one, now: 1_080_000) }
    #expect(afterAPause == [true, true, true, true, true, true, false])
    #expect(rates.secondsToWait == 10)
  }

  @Test func aNetworkOfIPv6IsOneAddress() throws {
    var rates = AddressRates(most: 2)
    let admitted = try ["2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "2001:db8:0:1::3", "2001:db8:0:2::1"].map {
      rates.admit(try host($0), now: 5)
    }
    #expect(admitted == [true, true, false, true])
  }

  @Test func withoutALimitEverythingPasses() throws {
    var rates = AddressRates(most: 0)
    let one = try host("192.0.2.1")
    #expect((0..<1000).allSatisfy { _ in rates.admit(one, now: 0) } == true)
    var many = AddressRates(most: 1_000_000_000_000)
    #expect((0..<1000).allSatisfy { _ in many.admit(one, now: 0) } == true)
  }

  /// Ten times as many addresses as there is room for: the table stays as large as it is, and one that comes all the time
  /// is still known among them, as those that came once give way first.
  @Test func whoeverHasManyAddressesDoesNotGrowIt() throws {
    var rates = AddressRates(most: 100)
    let steady = try host("192.0.2.1")
    var admitted = 0
    for number in 0..<UInt64(10 * AddressRates.capacity) {
      _ = rates.admit(HostAddress(high: 0x2001_0db8 << 32 + number, low: 0), now: 1)
      if number % 1000 == 0, rates.admit(steady, now: 1) { admitted += 1 }
    }
    #expect(admitted == 100)
    #expect(rates.placeCount == AddressRates.capacity)
  }
}
