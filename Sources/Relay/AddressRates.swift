import Reactor

/// How often something comes from each address, in IPv6 from each /64: so many a minute, as many at once after a pause.
///
/// A bucket that leaks (GCRA): of an address only the moment is kept at which it has its whole minute's worth again.
/// Past that moment it is forgotten. There is room for `capacity` addresses; where it is short, the address that would be
/// forgotten soonest gives way, and starts anew with a whole minute's worth. So who has very many addresses is held up
/// less, but neither grows the table nor takes anything from others.
struct AddressRates {
  static let capacity = sets * ways
  private static let sets = 2048
  private static let ways = 8
  private static let minute: UInt64 = 60_000_000

  /// 0 = any number, and nothing is kept.
  let most: Int
  /// Microseconds in which one more may come.
  private let interval: UInt64
  private var places: [Place] = []
  var placeCount: Int { places.count }

  private struct Place {
    var network = HostAddress.anyIPv6
    /// When its minute's worth is whole again, in microseconds.
    var fullAt: UInt64 = 0
  }

  init(most: Int) {
    self.most = most
    interval = most > 0 ? Self.minute / UInt64(most) : 0
  }

  /// Counts one more from an address, unless that has had its share. `now` is in milliseconds.
  mutating func admit(_ host: HostAddress, now: UInt64) -> Bool {
    guard interval > 0 else { return true }
    if places.isEmpty { places = Array(repeating: Place(), count: Self.capacity) }
    let (now, index) = (now * 1000, place(of: host.network))
    let isKnown = places[index].network == host.network
    let fullAt = max(isKnown ? places[index].fullAt : 0, now)
    guard fullAt + interval <= now + Self.minute else { return false }
    places[index] = Place(network: host.network, fullAt: fullAt + interval)
    return true
  }

  /// Where an address is, or is to be. A hash that nobody outside can foresee picks the places that it may have.
  private func place(of network: HostAddress) -> Int {
    let first = Int(UInt(bitPattern: network.hashValue) % UInt(Self.sets)) * Self.ways
    let candidates = first..<(first + Self.ways)
    if let known = candidates.first(where: { places[$0].network == network }) { return known }
    return candidates.min { places[$0].fullAt < places[$1].fullAt } ?? first
  }

  /// Seconds until one more is let in from an address that has had its share, rounded up.
  var secondsToWait: Int { max(1, Int((interval + 999_999) / 1_000_000)) }
}
