import Lobby
import LuaHost

/// A version that runs.
public struct RunningVersion: Sendable {
  public let version: String
  /// In seconds since 1970.
  public let loadedAt: Double
  public let lobbies: Int
}

/// Several versions of the scripts at once: lobbies finish on the one that they began with.
///
/// The version of its lobbies runs a peer's events, the newest those of peers in none. An event whose policy does
/// anything with a lobby of another version is taken back and run again by that one. So whoever joins a lobby is served
/// by the lobby's version from the first message on.
extension Mount {
  /// The versions that run, newest first.
  public var versions: [RunningVersion] { [describe(running)] + elders.reversed().map { describe($0.version) } }

  private func describe(_ version: borrowing ScriptVersion) -> RunningVersion {
    RunningVersion(
      version: version.version, loadedAt: version.loadedAt,
      lobbies: unsafe core.pointee.machine.lobbyCount(ofVersion: version.number))
  }

  /// Lends the version that runs events of this subject.
  @inline(__always)
  func withVersion<Answer>(of subject: Subject, _ body: (borrowing ScriptVersion) -> Answer) -> Answer {
    if elders.isEmpty { return body(running) }
    return withVersion(number(for: subject), seeing: .unlisted, body)
  }

  /// Runs a hook with the first `count` arguments, as `run` does, where there are elders.
  @inline(never)
  func runAmongElders(_ hook: lh_hook, _ count: Int) -> Bool {
    let first = unsafe arguments[0]
    let isPeers = unsafe first.kind == LH_PEER.rawValue
    var number = running.number
    if isPeers { number = unsafe self.number(for: .peer(PeerRef(slot: first.slot, generation: first.generation))) }
    let isTimed = hook != LH_ON_MESSAGE || isSampled()
    var isDone = false
    for sight in [LobbySight.handingOver, .unlisted] {
      isDone = withVersion(number, seeing: sight) { version in
        let status =
          isTimed
          ? timed(Int(hook.rawValue), version.host, version.places) { unsafe $0.call(hook, arguments, count) }
          : unsafe version.host.call(hook, arguments, count)
        return finish(status, unsafe String(cString: lh_hook_name(hook)), version)
      }
      guard let other = unsafe core.pointee.elsewhere.take() else { break }
      number = other
    }
    return isDone
  }

  func withVersion<Answer>(
    _ number: UInt32, seeing sight: LobbySight, _ body: (borrowing ScriptVersion) -> Answer
  ) -> Answer {
    unsafe core.pointee.machine.version = number
    unsafe core.pointee.sight = sight
    defer {
      unsafe core.pointee.machine.version = running.number
      unsafe core.pointee.sight = .everything
    }
    guard let elder = elders.first(where: { $0.version.number == number }) else { return body(running) }
    defer { if elder.version.host.takeLasted() { hasLasted = true } }
    return body(elder.version)
  }

  private func number(for subject: Subject) -> UInt32 {
    switch subject {
    case .peer(let peer): unsafe core.pointee.machine.oldestVersion(of: peer) ?? running.number
    case .lobby(let lobby): unsafe core.pointee.machine.version(of: lobby)
    case .mount: running.number
    }
  }

  /// Ends the versions that have no lobby any longer. Looks once a second.
  @inline(never)
  func retireElders() {
    let now = unsafe core.pointee.now
    guard now >= eldersSeenAt + 1000 else { return }
    eldersSeenAt = now
    endFinished()
  }

  func endFinished() {
    let finished = elders.filter { unsafe core.pointee.machine.lobbyCount(ofVersion: $0.version.number) == 0 }
    for elder in finished { unsafe core.pointee.report(.finished(elder.version.name)) }
    // The last one is the newest's predecessor, should that fail.
    if former == nil, let last = elders.last, finished.contains(where: { $0 === last }) { former = last }
    elders.removeAll { elder in finished.contains { $0 === elder } }
  }
}
