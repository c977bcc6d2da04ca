/// What the relay has counted since it began.
public struct RelayCounters: Sendable {
  public var accepted: UInt64 = 0
  public var upgraded: UInt64 = 0
  public var refusedAtLimit: UInt64 = 0
  public var handshakesRefused: UInt64 = 0
  /// Requests from addresses that the operator has banned.
  public var banned: UInt64 = 0
  /// Requests for a path or host that no mount answers at.
  public var unmounted: UInt64 = 0
  public var handshakesTimedOut: UInt64 = 0
  /// Connections to a port for TLS that were dropped because they did not get through its handshake.
  public var tlsFailures: UInt64 = 0
  public var violations: UInt64 = 0
  public var vanished: UInt64 = 0
  /// Peers that were closed because they read no pongs.
  public var hoarders: UInt64 = 0
  public var reloads: UInt64 = 0
  public var reloadsFailed: UInt64 = 0
  public var deployments: UInt64 = 0
  public var rollbacks: UInt64 = 0
  /// Deployments and rollbacks that did not come into service.
  public var deploymentsRefused: UInt64 = 0
  public var outOfDescriptors: UInt64 = 0

  public init() {}
}
