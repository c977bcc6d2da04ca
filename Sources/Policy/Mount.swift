import Bytes
import HTTP
import Lobby
import LuaHost
import WebSocket

/// A policy in service: it turns what peers do into hook calls, and what hooks do into frames.
///
/// Each event is one hook call and one transaction: it takes effect as a whole or not at all. Mount knows
/// no sockets; frames go into the outbox, and `now` is whatever the caller says it is.
@safe
public final class Mount {
  /// Invariant: initialised, at this address until deinit, after `host` is closed.
  let core: UnsafeMutablePointer<MountCore>
  /// The newest version.
  var running: ScriptVersion
  /// Room for the arguments of a hook call.
  let arguments: UnsafeMutablePointer<lh_value>
  /// Peers that a script has closed and whose on_disconnect is still to run.
  var departures: [StagedClose] = []
  /// How many of them it has run for.
  var departed = 0
  var hasLasted = false
  public internal(set) var hookTimes = HookTimes()
  var messagesUntilSample = HookTimes.messagesPerSample
  /// Kept for as long as `host` notes its lines there.
  let coverage: Coverage?

  public var scripts: Scripts { running.scripts }
  /// Changes with the scripts, with what they require and with their settings.
  public var version: String { running.version }
  /// The version that ran before this one, kept in case this one fails again and again.
  var former: ReplacedVersion?
  /// Versions that still have lobbies beside the newest one's, oldest first.
  var elders: [ReplacedVersion] = []
  /// When they were last looked at, in monotonic milliseconds.
  var eldersSeenAt: UInt64 = 0
  var breaker: CircuitBreaker
  /// How many networks its failures are shared out to, and when that was counted, in monotonic milliseconds.
  var networks = 0
  var networksCountedAt: UInt64 = 0
  public let limits: MountLimits
  /// Folders in which `require` looks behind those of the scripts.
  let shared: [String]
  /// Those who want to know what the mount is told and what it answers.
  var observers: [any MountObserver] = [] {
    didSet { isObserved = !observers.isEmpty }
  }
  private(set) var isObserved = false

  /// Loads the scripts. `read` finds the files that they require: beside them, then in the folders `shared`. What they
  /// do while they load is done at the time given, as for `setTime`. The lines that run are noted in `coverage`, where
  /// there is one.
  public init(
    scripts: Scripts, settings: [(name: String, value: String)] = [], limits: MountLimits = MountLimits(),
    outbox: Outbox, random: RandomSource = .system, shared: [String] = ["plugins", "scripts"],
    milliseconds: UInt64 = 0, wallSeconds: Double = 0, coverage: Coverage? = nil,
    read: @escaping (String) -> [UInt8]?, report: @escaping (MountEvent) -> Void
  ) throws(ScriptError) {
    self.limits = limits
    self.shared = shared
    breaker = CircuitBreaker(limits)
    self.coverage = coverage
    unsafe core = .allocate(capacity: 1)
    unsafe core.initialize(
      to: MountCore(
        limits: limits, outbox: outbox, random: random, modules: ModuleFolder(folders: [], read: read), report: report))
    unsafe core.pointee.now = milliseconds
    unsafe core.pointee.wallSeconds = wallSeconds
    unsafe core.pointee.modules.begin(scripts.folders(and: shared))
    unsafe arguments = .allocate(capacity: Int(LH_ARGUMENTS_MAX))
    unsafe arguments.initialize(repeating: lh_value(), count: Int(LH_ARGUMENTS_MAX))
    do throws(ScriptError) {
      let host = try unsafe ScriptHost.load(scripts, settings: settings, limits: limits, core: core, coverage: coverage)
      let modules = unsafe core.pointee.modules.end()
      running = ScriptVersion(
        host: host, scripts: scripts, modules: modules, version: scripts.version(with: modules, settings),
        loadedAt: wallSeconds, number: 0, places: hookTimes.places(of: scripts))
    } catch {
      unsafe arguments.deallocate()
      unsafe core.deinitialize(count: 1)
      unsafe core.deallocate()
      throw error
    }
    // Or a first hook that fails would take it back.
    unsafe core.pointee.commit()
  }

  deinit {
    // The Lua state is closed after this; it has no finalizers, so it no longer calls back.
    unsafe arguments.deallocate()
    unsafe core.deinitialize(count: 1)
    unsafe core.deallocate()
  }

  /// Time for the events to come: monotonic milliseconds, and seconds since 1970.
  public func setTime(milliseconds: UInt64, wallSeconds: Double) {
    unsafe core.pointee.now = milliseconds
    unsafe core.pointee.wallSeconds = wallSeconds
    if !elders.isEmpty { retireElders() }
  }

  public var counters: MountCounters { unsafe core.pointee.counters }
  public var peerCount: Int { unsafe core.pointee.machine.peerCount }
  public var lobbyCount: Int { unsafe core.pointee.machine.lobbyCount }
  /// Memory of the Lua states, in bytes.
  public var scriptMemory: Int { elders.reduce(running.host.memory) { $0 + $1.version.host.memory } }

  // MARK: Events

  private static var failure: RequestAnswer {
    RequestAnswer(status: 500, headers: [], body: Array("The policy failed; its log says why.\n".utf8))
  }

  /// Asks the policy about a handshake. Without `on_upgrade` everybody may connect; if it fails, nobody.
  public func upgrade(_ head: RequestHead, subprotocols: [String], address: String) -> UpgradeVerdict {
    observed(.upgrade(head, subprotocols: subprotocols, address: address), MountAnswer.upgrade) {
      judge(head, subprotocols: subprotocols, address: address)
    }
  }

  private func judge(_ head: RequestHead, subprotocols: [String], address: String) -> UpgradeVerdict {
    guard running.host.chain(LH_ON_UPGRADE) > 0 else { return .accept(subprotocol: nil, attributes: []) }
    unsafe core.pointee.request = RequestView(
      head: head, address: address, isUpgrade: true, subprotocols: subprotocols)
    defer { unsafe core.pointee.request = nil }
    unsafe arguments[0] = lh_value(kind: LH_REQUEST)
    let isDone = run(LH_ON_UPGRADE, 1)
    depart()
    guard isDone, let view = unsafe core.pointee.request else { return .refuse(Self.failure) }
    if let refusal = view.refusal { return .refuse(refusal) }
    return .accept(subprotocol: view.chosen, attributes: view.attachments)
  }

  /// Asks the policy for the answer to plain HTTP; nil when it has none.
  public func request(_ head: RequestHead, address: String) -> RequestAnswer? {
    observed(.request(head, address: address), MountAnswer.request) { answer(head, address: address) }
  }

  private func answer(_ head: RequestHead, address: String) -> RequestAnswer? {
    guard running.host.chain(LH_ON_REQUEST) > 0 else { return nil }
    unsafe core.pointee.request = RequestView(head: head, address: address, isUpgrade: false, subprotocols: [])
    defer { unsafe core.pointee.request = nil }
    unsafe arguments[0] = lh_value(kind: LH_REQUEST)
    let isDone = run(LH_ON_REQUEST, 1)
    depart()
    return isDone ? unsafe core.pointee.request?.answer : Self.failure
  }

  /// A peer has connected; what it is sent goes into `outlet`, which must be open. The answer is who has this
  /// connection: the newcomer, or a peer that has taken it over.
  public func connect(outlet: UInt32, address: String, attributes: [Attachment] = []) -> PeerRef {
    observed(.connect(outlet: outlet, address: address), MountAnswer.connect) {
      welcome(outlet: outlet, address: address, attributes)
    }
  }

  private func welcome(outlet: UInt32, address: String, _ attributes: [Attachment]) -> PeerRef {
    let peer = unsafe core.pointee.addPeer(outlet: outlet, address: address)
    let attached = unsafe core.pointee.attach(attributes, to: peer)
    unsafe arguments[0] = lh_value(peer)
    unsafe core.pointee.kept.arriving = peer
    if !attached || !run(LH_ON_CONNECT, 1) {
      unsafe core.pointee.stageClose(peer, code: CloseCode.internalError, reason: Array("The policy failed".utf8))
    }
    unsafe core.pointee.kept.arriving = nil
    let heir = unsafe core.pointee.kept.heir.take()
    if let heir { unsafe core.pointee.moveConnection(from: peer, to: heir) }
    depart()
    return heir ?? peer
  }

  /// A whole message has arrived. A failed hook costs this message and nothing else.
  public func receive(_ bytes: UnsafeRawBufferPointer, isBinary: Bool, from peer: PeerRef) {
    guard unsafe core.pointee.isOpen(peer) else { return }
    if !isObserved { return unsafe take(bytes, isBinary: isBinary, from: peer) }
    let outlet = unsafe core.pointee.outlets[Int(peer.slot)]
    observed(.message(outlet: outlet, isBinary: isBinary, unsafe Array(bytes)), MountAnswer.nothing) {
      unsafe take(bytes, isBinary: isBinary, from: peer)
    }
  }

  @inline(__always)
  private func take(_ bytes: UnsafeRawBufferPointer, isBinary: Bool, from peer: PeerRef) {
    unsafe core.pointee.counters.messagesIn &+= 1
    unsafe core.pointee.message.begin(bytes, isBinary: isBinary)
    unsafe arguments[0] = lh_value(peer)
    unsafe arguments[1] = lh_value(kind: LH_MESSAGE)
    _ = run(LH_ON_MESSAGE, 2)
    unsafe core.pointee.message.end()
    depart()
  }

  /// When the next timer is due, in monotonic milliseconds.
  public func nextDeadline() -> UInt64? { unsafe core.pointee.machine.nextDeadline() }

  /// Runs one timer that is due; false when there is none.
  public func fireTimer() -> Bool {
    let now = unsafe core.pointee.now
    let deadline = nextDeadline()
    guard let due = unsafe core.pointee.machine.takeDueTimer(now: now) else { return false }
    observed(.timer(name: due.name, due: deadline ?? now), MountAnswer.nothing) { run(due) }
    return true
  }

  private func run(_ due: DueTimer) {
    if due.name == KeptPeers.timer, case .peer(let peer) = due.subject {
      return giveUp(peer)
    }
    unsafe arguments[0] = lh_value(due.subject)
    unsafe withBytes(of: due.arguments) { values in
      for index in values.indices { unsafe arguments[1 + index] = values[index] }
      withVersion(of: due.subject) { version in
        let status = timed(HookTimes.timer, version.host, version.places) { host in
          unsafe host.callTimer(due.name, arguments, 1 + values.count)
        }
        finish(status, "timers." + String(decoding: due.name, as: UTF8.self), version)
      }
    }
    depart()
  }

  /// Whether this peer is still connected as far as the policy knows.
  public func isLive(_ peer: PeerRef) -> Bool { unsafe core.pointee.machine.isLive(peer) }

  /// Whether a hook has lasted some milliseconds since this was last asked.
  public func takeHookLasted() -> Bool {
    defer { hasLasted = false }
    return hasLasted || running.host.takeLasted()
  }

  // MARK: One hook call

  /// Runs a hook with the first `count` arguments; false when it failed and was taken back.
  @inline(__always)
  private func run(_ hook: lh_hook, _ count: Int) -> Bool {
    if !elders.isEmpty { return runAmongElders(hook, count) }
    let status =
      hook != LH_ON_MESSAGE || isSampled()
      ? timed(Int(hook.rawValue), running.host, running.places) { unsafe $0.call(hook, arguments, count) }
      : unsafe running.host.call(hook, arguments, count)
    if status == LH_DONE {
      unsafe core.pointee.commit()
      return true
    }
    return finish(status, unsafe String(cString: lh_hook_name(hook)), running)
  }

  @inline(never) @discardableResult
  func finish(_ status: lh_status, _ hook: String, _ version: borrowing ScriptVersion) -> Bool {
    switch status {
    case LH_DONE, LH_ABSENT_HOOK:
      unsafe core.pointee.commit()
      return true
    case LH_REFUSED:
      unsafe core.pointee.rollback()
      let (peer, reason) = version.host.refusal()
      if unsafe core.pointee.isOpen(peer) { unsafe core.pointee.stageClose(peer, code: 4000, reason: reason) }
      // A handshake or request about which a hook was stopped has no answer that could be relied on.
      return unsafe core.pointee.request == nil
    case LH_ELSEWHERE:
      unsafe core.pointee.rollback()
      unsafe core.pointee.message.beginAgain()
      unsafe core.pointee.request?.forgetDecisions()
      return false
    default:
      unsafe core.pointee.rollback()
      unsafe core.pointee.counters.hookFailures &+= 1
      if version.number == running.number, former != nil || !elders.isEmpty {
        unsafe noteFailure(now: core.pointee.now)
      }
      let (report, error) = unsafe (core.pointee.report, version.host.error(status))
      noteFailure(of: hook, error, in: version)
      report(.hookFailed(hook: hook, error, in: version.name))
      return false
    }
  }

  /// Lends plain values to C for the length of `body`.
  func withBytes(of values: [PlainValue], _ body: (UnsafeBufferPointer<lh_value>) -> Void) {
    var bytes: [UInt8] = []
    for case .text(let text) in values { bytes += text }
    bytes.append(0)
    unsafe bytes.withUnsafeBufferPointer { bytes in
      var start = 0
      var lent: [lh_value] = unsafe []
      for value in values {
        unsafe lent.append(lh_value(value, textAt: bytes.baseAddress.map { unsafe $0 + start }))
        if case .text(let text) = value { start += text.count }
      }
      unsafe lent.withUnsafeBufferPointer { unsafe body($0) }
    }
  }
}
