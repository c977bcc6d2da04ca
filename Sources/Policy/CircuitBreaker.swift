import Lobby
import LuaHost

/// Counts a version's failures: so many within some time, and the one before it has to come back.
struct CircuitBreaker {
  private struct Failure {
    let time: UInt64
    let network: String?
  }

  private let most: Int
  private let milliseconds: UInt64
  /// The last of them, in monotonic milliseconds; at most `most`.
  private var failures: [Failure] = []
  private(set) var hasTripped = false

  /// 0 failures: it never trips.
  init(_ limits: MountLimits) {
    most = limits.breakerFailures
    milliseconds = UInt64(limits.breakerMilliseconds)
  }

  /// - Parameters:
  ///   - network: whose event it was; nil for nobody's.
  ///   - networks: how many have peers here, 4 for more. Each counts for its share at most: or anybody who finds a
  ///     message that a hook fails on could undo the operator's reload.
  mutating func note(now: UInt64, network: String?, of networks: Int) {
    guard most > 0 else { return }
    failures.removeAll { now > $0.time + milliseconds }
    let share = max(1, most / max(1, networks))
    if let network, failures.count(where: { $0.network == network }) >= share { return }
    failures.append(Failure(time: now, network: network))
    hasTripped = failures.count >= most
  }

  /// Another version runs.
  mutating func reset() {
    failures = []
    hasTripped = false
  }

  /// The address in IPv4, its first 64 bits in IPv6: what one customer of a provider has.
  static func network(of address: String) -> String {
    guard address.utf8.contains(UInt8(ascii: ":")) else { return address }
    let groups = address.split(separator: ":", maxSplits: 4, omittingEmptySubsequences: false)
    // Behind `::` there are zeros up to the last groups.
    return groups.prefix(4).prefix { !$0.isEmpty }.joined(separator: ":")
  }
}

extension Mount {
  /// Networks that are counted apart.
  private static let networksMax = 4

  /// A hook of the newest version has failed.
  func noteFailure(now: UInt64) {
    if now >= networksCountedAt + 1000 || networksCountedAt == 0 {
      (networks, networksCountedAt) = (unsafe core.pointee.networks(most: Self.networksMax), now)
    }
    breaker.note(now: now, network: eventAddress.map(CircuitBreaker.network), of: networks)
  }

  /// Where the client is whose event runs, or who is first in the lobby whose timer does; nil for nobody.
  private var eventAddress: String? {
    if let request = unsafe core.pointee.request { return request.address }
    let subject = unsafe arguments[0]
    switch unsafe lh_kind(subject.kind) {
    case LH_PEER: return unsafe core.pointee.addresses[Int(subject.slot)]
    case LH_LOBBY:
      let lobby = unsafe LobbyRef(slot: subject.slot, generation: subject.generation)
      guard unsafe core.pointee.machine.isLive(lobby), unsafe core.pointee.machine.memberCount(lobby) > 0 else {
        return nil
      }
      let first = unsafe core.pointee.machine.member(lobby, at: 0).peer
      return unsafe core.pointee.addresses[Int(first.slot)]
    default: return nil
    }
  }
}

extension MountCore {
  /// How many networks the peers come from, and no more than `most`.
  func networks(most: Int) -> Int {
    var found: Set<String> = []
    for peer in machine.livePeers where found.count < most {
      found.insert(CircuitBreaker.network(of: addresses[Int(peer.slot)]))
    }
    return found.count
  }
}
