import Reactor

/// The proxies that are believed when they say for whom they come.
public struct TrustedProxies: Equatable, Sendable {
  /// Of these `X-Forwarded-For` is believed.
  public var forwarding: [Network] = []
  /// Connections from these begin with a PROXY header.
  public var announcing: [Network] = []

  public init() {}

  func forwards(_ host: HostAddress) -> Bool { Self.any(of: forwarding, has: host) }

  func announces(_ host: HostAddress) -> Bool { Self.any(of: announcing, has: host) }

  /// A trusted proxy of either kind.
  func contains(_ host: HostAddress) -> Bool { forwards(host) || announces(host) }

  private static func any(of networks: [Network], has host: HostAddress) -> Bool {
    networks.contains { $0.contains(host) }
  }
}
