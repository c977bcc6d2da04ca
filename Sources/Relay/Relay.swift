import Bytes
import Policy
import Reactor
import Schedule
import WebSocket

/// The relay: listeners, connections and mounts around one event loop. This module alone knows all others.
@safe
public final class Relay {
  /// Slots of tokens that are no connections.
  enum Source {
    static let signals = UInt32.max
    static let files = UInt32.max - 1
    static let trial = UInt32.max - 2
    static let successor = UInt32.max - 3
    static let predecessor = UInt32.max - 4
    // Those of one arrangement and an admin listener, together with those of the next for a moment.
    static let listenersFrom = UInt32.max - 4 - 2 * UInt32(listenersMax + 1)
  }

  /// So few clients can hardly be what somebody wants.
  private static let clientsFew = 1000
  /// File descriptors that are not for clients.
  private static let descriptorsKept = 64
  /// Addresses that one relay listens on.
  public static let listenersMax = 64

  static let readBytes = 256 << 10

  var limits: RelayLimits
  let log: Log
  var mounts: MountTable
  let outbox: Outbox
  /// Nil for none.
  public var journal: (any Journal)?
  var reactor: Reactor
  let signals: Signals
  var listeners: Listeners
  var connections = ConnectionTable()
  /// Whom clients may come through, and what they may take.
  var proxies: TrustedProxies
  var perAddress: AddressCounts
  var connectRates: AddressRates
  var handshakeRates: AddressRates
  var refusals = RefusalBudget()
  var deadlines = Deadlines()
  var counters = RelayCounters()
  /// The one read buffer, `readBytes` long and never freed before deinit. An idle connection owns none.
  let readBuffer: UnsafeMutableRawBufferPointer
  /// What encrypted listeners serve from now on; nil without certificates.
  public var tls: TLSContext?
  /// Inflates the messages of all connections, one at a time.
  var inflater = Inflater()
  var now: UInt64 = 0
  /// The connection whose event is being handled.
  var handling: UInt32?
  private var startedAt: UInt64 = 0
  /// The same in seconds since 1970.
  private(set) var startedAtWall = 0.0
  var loopTimes = LoopTimes()
  /// Of the program, for whoever asks.
  public var version = ""
  /// Connections to the admin listener.
  var operatorCount = 0
  /// Clients for whom there are file descriptors, with some left over for the operator, files and trials.
  private(set) var clientsMax = Int.max
  private var wallReadAt: UInt64 = 0
  private var wallTime = 0.0
  /// How long one turn may take before everybody else gets theirs.
  static let turnMilliseconds: UInt64 = 20
  /// The turn has taken its time: what is left waits for the next.
  var isTurnOver = false
  /// The events of the reactor that are still to be handled.
  var events = 0..<0
  /// Connections that the last turn was too short for.
  var backlog: [Token] = []
  /// Connections that are still to be closed because their mount is gone.
  var leaving: [Token] = []
  /// Who reloads scripts, the files that it wants to know of, and which of them have changed and since when.
  var reloader: Reloader?
  var files: FileWatch?
  var changed: Set<String> = []
  var changedSince: UInt64 = 0
  var reloadAt: UInt64?
  /// What the log has said about folders that cannot be watched.
  var watchProblems: [String] = []
  /// Who deploys what the operator sends; nil when nothing can be. And what is being tried.
  public var deployer: (any Deployer)?
  var trial: RunningTrial?
  /// Who may ask for what on the admin listener, and whether newcomers should be sent here.
  var operatorGuard = OperatorGuard()
  /// The lobbies that the operator looks at.
  var tails = Tails()
  public internal(set) var readiness = Readiness.ready
  var bans = Bans()
  /// The log's level that the operator has set; it holds while the log has it.
  var operatorLevel: Log.Level?
  /// What the last reload of each mount, and of the configuration, has come to.
  var lastReloads: [ObjectIdentifier: NotedReload] = [:]
  var configurationReload: NotedReload?
  var life = LifeCycle()
  /// Set once a shutdown has begun: when it ends at the latest.
  var graceEnds: UInt64?

  /// Binds the listeners; nothing is served before `run`. `listen` is where all mounts answer, each at its route, beside
  /// the listeners that are a mount's own; on `admin` the operator asks for the relay's state. All mounts write into
  /// `outbox`. Of `inherited` sockets those are taken that are bound where one is wanted.
  public init(
    listen: [String], admin: String? = nil, adminToken: OperatorToken? = nil, mounts: [RoutedMount], outbox: Outbox,
    limits: RelayLimits, proxies: TrustedProxies = TrustedProxies(), log: Log, tls: TLSContext? = nil,
    inherited: [InheritedSocket] = []
  ) throws(SystemError) {
    self.limits = limits
    self.log = log
    self.mounts = MountTable(mounts: mounts)
    self.outbox = outbox
    self.tls = tls
    self.proxies = proxies
    operatorGuard.token = adminToken
    log.limit(linesPerSecond: limits.logLinesPerSecond, bytesPerMinute: limits.logBytesPerMinute)
    perAddress = AddressCounts(most: limits.connectionsPerAddress)
    connectRates = AddressRates(most: limits.connectsPerMinute)
    handshakeRates = AddressRates(most: limits.handshakesPerMinute)
    outbox.buffers.most = limits.bufferBytes
    signals = try Signals()
    ByteQueue.keepLargeBlocksApart()
    reactor = try Reactor()
    listeners = Listeners()
    unsafe readBuffer = .allocate(byteCount: Self.readBytes, alignment: 64)
    try reactor.add(signals.descriptor, .reading, Token(slot: Source.signals, generation: 0))
    try open(try ListenerWish.all(listen: listen, admin: admin, mounts.map(\.route)), inherited)
  }

  deinit { unsafe readBuffer.deallocate() }

  var uptimeSeconds: Double { Double(now - startedAt) / 1000 }

  /// How many file descriptors the process may have. Answers what to do when they are fewer than the limits allow.
  public func take(descriptors: Int) -> String? {
    clientsMax = max(descriptors - Self.descriptorsKept, descriptors / 2)
    // The limit's default stands for as many as can be, where that is not very few.
    let isFit = limits.connections == RelayLimits().connections ? Self.clientsFew : limits.connections
    guard limits.connections == 0 || isFit > clientsMax else { return nil }
    let wanted = limits.connections == 0 ? "any number" : "\(limits.connections)"
    return "limit connections is \(wanted), but the system allows this process \(descriptors) file descriptors: "
      + "\(clientsMax) clients can connect (raise 'ulimit -n' or LimitNOFILE=)"
  }

  /// For the admin listener.
  var status: Status {
    Status(
      uptimeSeconds: uptimeSeconds, readiness: readiness, connections: connections.count, counters: counters,
      mounts: labelledMounts, mountsEnding: mounts.endingCount, deployer: deployer)
  }

  @inline(__always)
  func mount(of slot: UInt32) -> Mount {
    guard let index = connections[slot].mount else { preconditionFailure("a request that is read is for a mount") }
    return mounts[index]
  }

  /// Serves until a signal ends it. Answers the exit code.
  public func run() throws(SystemError) -> Int32 {
    readClock()
    startedAt = now
    startedAtWall = wallSeconds
    beginService()
    while true {
      if events.isEmpty { events = 0..<(try reactor.wait(until: nextDeadline(), now: now)) }
      loopTimes.begin()
      readClock()
      isTurnOver = false
      if takeEvents() == .exitNow { return 0 }
      fireTimers()
      fireDeadlines()
      endOverdueTrial()
      if now >= life.dueAt { lookAtLife() }
      resumeBacklog()
      reloadChanged()
      if mounts.endingCount > 0 || !leaving.isEmpty { endMounts() }
      flush()
      journal?.turnEnded(at: now)
      if !tails.isEmpty { tails.endIdle(now: now, outbox) }
      deployer?.turnEnded()
      loopTimes.end(isTurnOver: isTurnOver || !events.isEmpty)
      if let graceEnds, isEverybodyGone || now >= graceEnds { return finish() }
    }
  }

  /// Whether the operator may look at what messages say, and not only at who sends how much to whom.
  public var allowsTailPayloads: Bool {
    get { tails.arePayloadsAllowed }
    set { tails.arePayloadsAllowed = newValue }
  }

  private func readClock() {
    now = Clock.milliseconds
    // The wall clock is looked at once a second; in between it goes on with the other.
    if now >= wallReadAt + 1000 || wallReadAt == 0 {
      wallReadAt = now
      wallTime = Clock.wallTime
    }
    mounts.setTime(milliseconds: now, wallSeconds: wallSeconds)
  }

  /// Since 1970.
  var wallSeconds: Double { wallTime + Double(now - wallReadAt) / 1000 }

  /// Ends the turn when its time is up. The clock is only read when a hook has lasted.
  @discardableResult
  func lookAtClock() -> Bool {
    if mounts.takeHookLasted() { endTurnInTime() }
    return isTurnOver
  }

  /// The same after a hook of this mount.
  @inline(__always)
  func lookAtClock(_ mount: Mount) -> Bool {
    if mount.takeHookLasted() { endTurnInTime() }
    return isTurnOver
  }

  /// The same after work that is always worth a look.
  @inline(never)
  func endTurnInTime() {
    if Clock.milliseconds >= now + Self.turnMilliseconds { isTurnOver = true }
  }

  /// Goes on with what earlier turns were too short for, by one step of each kind at least.
  private func resumeBacklog() {
    while mounts.hasDepartures {
      mounts.continueDepartures()
      if lookAtClock() { break }
    }
    var waiting = backlog[...]
    backlog = []
    while let token = waiting.popFirst() {
      guard connections.isLive(token.slot, token.generation) else { continue }
      handling = token.slot
      resume(token.slot)
      handling = nil
      if isTurnOver { break }
    }
    // Those who have waited come before those who were too much once more.
    if !waiting.isEmpty { backlog = waiting + backlog }
  }

  private func nextDeadline() -> UInt64? {
    if !backlog.isEmpty || !leaving.isEmpty || mounts.hasDepartures { return now }
    var earliest = min(graceEnds ?? .max, life.handOver == nil ? reloadAt ?? .max : .max, life.dueAt)
    if let trial = trialDeadline { earliest = min(earliest, trial) }
    if let own = deadlines.peek { earliest = min(earliest, own.deadline) }
    if !tails.isEmpty, let tail = tails.deadline { earliest = min(earliest, tail) }
    if let journal = journal?.deadline { earliest = min(earliest, journal) }
    if let policy = mounts.nextDeadline() { earliest = min(earliest, policy) }
    return earliest == .max ? nil : earliest
  }

  private func finish() -> Int32 {
    if !isEverybodyGone { log.warning("not all of \(connections.count) connections closed in time") }
    log.info("stopped")
    return 0
  }
}
