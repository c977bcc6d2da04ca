import Glibc

/// Everything that whoever has started this process has given it.
public struct Inherited {
  /// Those that nobody has taken are closed when they go.
  public var sockets: [InheritedSocket]
  /// Nil when it is no relay.
  public var predecessor: Predecessor?

  /// What the environment speaks of, which it then does no longer: it is not for children of this process.
  public init() throws(SystemError) {
    let inheritance = try Inheritance.given()
    for name in Inheritance.variables { unsafe unsetenv(name) }
    var sockets: [InheritedSocket] = []
    for (index, name) in (inheritance?.names ?? []).enumerated() {
      sockets.append(try InheritedSocket(Inheritance.first + Int32(index), name))
    }
    self.sockets = sockets
    let handOver = inheritance?.handOver
    predecessor = try handOver.map { pair throws(SystemError) in
      try Predecessor(ready: pair.ready, errors: pair.errors, kept: inheritance?.kept)
    }
  }
}
