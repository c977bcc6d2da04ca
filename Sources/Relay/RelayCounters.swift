/// What the relay has counted since it began.
public struct RelayCounters: Sendable {
  public var accepted: UInt64 = 0
  public var upgraded: UInt64 = 0
  public var refusedAtLimit: UInt64 = 0
  /// Of these those that one address had too many of, at once and within a minute.
  public var refusedPerAddress: UInt64 = 0
  public var refusedByRate: UInt64 = 0
  public var handshakesRefused: UInt64 = 0
  /// Of these those that a policy or a plugin refused.
  public var refusedByPolicy: UInt64 = 0
  /// Requests from addresses that the operator has banned.
  public var banned: UInt64 = 0
  /// Connections of proxies that began with no PROXY header.
  public var proxyHeadersRefused: UInt64 = 0
  /// Requests that were refused for lack of buffers, and senders that were closed for it.
  public var refusedForBuffers: UInt64 = 0
  public var outOfBuffers: UInt64 = 0
  /// Requests for a path or host that no mount answers at.
  public var unmounted: UInt64 = 0
  public var handshakesTimedOut: UInt64 = 0
  public var violations: UInt64 = 0
  public var vanished: UInt64 = 0
  /// Peers that were closed because they read no pongs.
  public var hoarders: UInt64 = 0
  /// Peers that took too long for a message, and those that took nothing of what waited for them.
  public var slowSenders: UInt64 = 0
  public var stalled: UInt64 = 0
  /// Peers that sent too many pings and pongs.
  public var controlFloods: UInt64 = 0
  public var reloads: UInt64 = 0
  public var reloadsFailed: UInt64 = 0
  public var deployments: UInt64 = 0
  public var rollbacks: UInt64 = 0
  /// Deployments and rollbacks that did not come into service.
  public var deploymentsRefused: UInt64 = 0
  public var outOfDescriptors: UInt64 = 0
  /// Read and written, over all connections.
  public var bytesIn: UInt64 = 0
  public var bytesOut: UInt64 = 0

  public init() {}
}
