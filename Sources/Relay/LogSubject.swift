import Policy
import Reactor

/// Whom a line of the log is about: a connection.
public struct LogSubject: Sendable {
  /// Which one it is, unlike any other while the relay runs; nil for one that was turned away.
  public let connection: String?
  public let address: HostAddress
  /// The first path of its mount; nil before its request has been read.
  public let mount: String?
}

/// How much of people's addresses the log shows.
public enum LoggedAddresses: String, Sendable, CaseIterable {
  case full
  /// The network alone: 203.0.113.0, 2001:db8:1::.
  case network
  case none

  /// Nil for nothing.
  func shown(_ address: HostAddress) -> String? {
    switch self {
    case .full: return address.description
    case .none: return nil
    case .network:
      // What is usually taken off: the last octet, and all behind the first 48 bits.
      if let ipv4 = address.ipv4 { return HostAddress(ipv4: ipv4 & ~0xff).description }
      return HostAddress(high: address.high & ~0xffff, low: 0).description
    }
  }
}

extension Relay {
  /// Whom an event of a mount is about; nil for timers, what the relay does by itself, and peers without a connection.
  public func subject(of event: MountEvent) -> LogSubject? {
    var slot = handling
    if case .closedAtLimit(let outlet, _) = event { slot = outlet }
    return slot.flatMap { connections.isLive($0) ? subject(of: $0) : nil }
  }

  func subject(of slot: UInt32) -> LogSubject {
    LogSubject(
      connection: peerName(slot), address: connections[slot].host,
      mount: connections[slot].mount.flatMap { mounts.route(of: $0).paths.first })
  }
}
