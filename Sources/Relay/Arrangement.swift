import Policy
import Reactor
import WebSocket

/// What a relay serves, as far as that may change while it runs.
public struct Arrangement {
  /// Where all mounts answer, each at its route.
  public var listen: [String]
  /// Where the operator asks; nil for nowhere.
  public var admin: String?
  /// What the operator has to know; nil for nothing.
  public var adminToken: OperatorToken?
  /// In the order in which they are tried for a request.
  public var mounts: [RoutedMount]
  public var limits: RelayLimits
  public var proxies: TrustedProxies

  public init(
    listen: [String], admin: String?, adminToken: OperatorToken? = nil, mounts: [RoutedMount], limits: RelayLimits,
    proxies: TrustedProxies
  ) {
    self.listen = listen
    self.admin = admin
    self.adminToken = adminToken
    self.mounts = mounts
    self.limits = limits
    self.proxies = proxies
  }
}

/// An address that cannot be listened on.
public struct ListenerRefusal: Error {
  /// As it was written.
  public let address: String
  public let reason: String
}

extension Relay {
  /// Connections that are closed in one turn of those whose mount is gone: the others are served in between.
  private static let goodbyesPerTurn = 256

  /// Serves this from now on, between two events. Listeners that are wanted already stay open, and connections made
  /// over one that is closed stay; peers of a mount that is gone are closed with 1001. When an address cannot be
  /// listened on, nothing has happened. Answers which listeners were opened and closed, in words.
  public func rearrange(_ wanted: Arrangement) throws(ListenerRefusal) -> [String] {
    var next = mounts
    let gone = next.arrange(wanted.mounts)
    let told = try relisten(try ListenerWish.all(wanted, next), next)
    mounts = next
    operatorGuard.token = wanted.adminToken
    adopt(wanted.limits, wanted.proxies)
    sayGoodbye(Set(gone))
    return told
  }

  /// Notes who is to be closed, as their mounts are gone.
  private func sayGoodbye(_ gone: Set<Int>) {
    guard !gone.isEmpty else { return }
    for slot in 0..<UInt32(connections.slotCount) where connections.isLive(slot) && connections[slot].phase == .open {
      guard let mount = connections[slot].mount, gone.contains(mount) else { continue }
      leaving.append(Token(slot: slot, generation: connections[slot].generation))
    }
  }

  /// Closes some of those whose mount is gone, and frees the mounts that everybody has left.
  func endMounts() {
    for token in leaving.suffix(Self.goodbyesPerTurn) {
      guard connections.isLive(token.slot, token.generation), connections[token.slot].phase == .open else { continue }
      close(token.slot, code: CloseCode.goingAway, reason: "This is no longer served here")
    }
    leaving.removeLast(min(leaving.count, Self.goodbyesPerTurn))
    mounts.freeEnded()
  }
}
