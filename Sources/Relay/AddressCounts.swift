import Reactor

/// How many connections come from each address; in IPv6 from each /64, as anybody has all of one.
struct AddressCounts {
  /// 0 = any number, and nothing is counted.
  let most: Int
  private var counts: [HostAddress: Int] = [:]

  init(most: Int) { self.most = most }

  /// Addresses that have any.
  var count: Int { counts.count }

  /// Counts a newcomer, unless its address has as many as it may have.
  mutating func admit(_ host: HostAddress) -> Bool {
    guard most > 0 else { return true }
    let present = counts[host.network, default: 0]
    guard present < most else { return false }
    counts[host.network] = present + 1
    return true
  }

  /// Counts one that is there already, even if its address has too many by that.
  mutating func enter(_ host: HostAddress) {
    if most > 0 { counts[host.network, default: 0] += 1 }
  }

  /// One that was admitted is gone.
  mutating func leave(_ host: HostAddress) {
    guard let present = counts[host.network] else { return }
    counts[host.network] = present > 1 ? present - 1 : nil
  }
}
