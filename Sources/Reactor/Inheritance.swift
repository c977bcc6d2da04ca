import Glibc

/// What the environment says of sockets that whoever has started this process has opened for it: in systemd's form
/// (sd_listen_fds(3)), or in that of a relay that hands over to this one.
public struct Inheritance: Equatable, Sendable {
  public static let variables = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", handOver, kept]
  /// `READY:ERRORS`, two descriptors that a relay which hands over gives beside the sockets. It stands in for
  /// LISTEN_PID, which nobody knows before the process is there.
  public static let handOver = "LOBBYIST_HANDOVER"
  /// A descriptor beside those two, of what the relay before keeps for this one. A relay that does not know of it passes
  /// it on unseen: then the descriptor is an old one, or another.
  static let kept = "LOBBYIST_KEPT"
  /// What the memory behind that one is called.
  static let memoryName = "lobbyist"
  /// The first descriptor; the others follow it.
  static let first: Int32 = 3
  /// More are no listeners of a relay.
  static let countMax = 1024

  /// One for each descriptor from `first` on; empty for one that has none.
  public let names: [String]
  /// Where the relay before waits for a word, and what its own standard error is; nil without one.
  let handOver: (ready: Int32, errors: Int32)?
  /// Nil without one, or what it was before.
  let kept: Int32?

  /// What is said to this process.
  static func given() throws(SystemError) -> Inheritance? {
    try Inheritance(process: Int(getpid())) { name in unsafe getenv(name).map { unsafe String(cString: $0) } }
  }

  /// Nil when nothing is said, or to another process. An error for what makes no sense.
  public init?(process: Int, _ variable: (String) -> String?) throws(SystemError) {
    guard let fds = variable("LISTEN_FDS") else { return nil }
    let given = variable(Self.handOver)
    if given == nil {
      guard let owner = variable("LISTEN_PID").flatMap({ Int($0) }), owner == process else { return nil }
    }
    guard let count = Int(fds), (0...Self.countMax).contains(count) else {
      throw Self.refusal("LISTEN_FDS is '\(fds)', not a number of sockets")
    }
    names = try Self.names(variable("LISTEN_FDNAMES"), count)
    let handOver = try given.map { text throws(SystemError) in try Self.handOver(text, behind: count) }
    self.handOver = handOver
    kept = handOver.flatMap { pair in
      variable(Self.kept).flatMap { Int32($0) }.flatMap { $0 > max(pair.ready, pair.errors) ? $0 : nil }
    }
  }

  private static func names(_ text: String?, _ count: Int) throws(SystemError) -> [String] {
    guard let text else { return Array(repeating: "", count: count) }
    let names = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    if count == 0, text.isEmpty { return [] }
    guard names.count == count else {
      throw refusal("LISTEN_FDNAMES has \(names.count) names for \(count) sockets")
    }
    return names
  }

  private static func handOver(_ text: String, behind count: Int) throws(SystemError) -> (ready: Int32, errors: Int32) {
    let numbers = text.split(separator: ":").map { Int32($0) }
    let least = first + Int32(count)
    guard numbers.count == 2, let ready = numbers[0], let errors = numbers[1], ready >= least, errors >= least else {
      throw refusal("\(handOver) is '\(text)', not two descriptors behind the sockets")
    }
    return (ready, errors)
  }

  private static func refusal(_ text: String) -> SystemError { SystemError("LISTEN_FDS", EINVAL, text) }

  public static func == (left: Inheritance, right: Inheritance) -> Bool {
    left.names == right.names && left.handOver?.ready == right.handOver?.ready
      && left.handOver?.errors == right.handOver?.errors && left.kept == right.kept
  }
}
