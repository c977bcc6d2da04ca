import Lobby
import LuaHost

extension Mount {
  /// What the scripts of the running version have required.
  public var modules: [Script] { running.modules }

  /// The files that the running version was loaded from.
  public var files: [String] { (scripts.all + running.modules).map(\.path) }

  /// Replaces the running version, between two events. The new one is loaded into a fresh Lua state and may migrate
  /// attributes in on_reload; only when all of that has worked does it take over. Peers, lobbies, members, attributes,
  /// timers and what waits to be sent stay as they are. When anything fails, nothing has happened.
  /// - Parameter lobbiesFinish: lobbies that exist go on with the version that they have; else all have the new one.
  public func reload(
    _ scripts: Scripts, settings: [(name: String, value: String)], lobbiesFinish: Bool = false
  ) throws(ScriptError) {
    let isBeside = lobbiesFinish && lobbyCount > 0
    if isBeside { try requireRoom(for: scripts) }
    unsafe core.pointee.modules.begin(scripts.folders(and: shared))
    let number = isBeside ? running.number + 1 : running.number
    unsafe core.pointee.machine.version = number
    unsafe core.pointee.sight = isBeside ? .own : .everything
    defer { unsafe core.pointee.sight = .everything }
    do throws(ScriptError) {
      let fresh = try load(scripts, settings, number)
      unsafe core.pointee.commit()
      // What was drawn to load it belongs to no event that an observer is told of.
      _ = takeDrawn()
      keep(replace(by: fresh), isBeside: isBeside)
    } catch {
      unsafe core.pointee.modules.end()
      unsafe core.pointee.rollback()
      _ = takeDrawn()
      unsafe core.pointee.machine.version = running.number
      throw error
    }
    breaker.reset()
    depart()
  }

  private func requireRoom(for scripts: Scripts) throws(ScriptError) {
    guard !observers.contains(where: \.wantsOneVersion) else {
      throw ScriptError(
        scripts.policy,
        "a recording is of one version at a time: let all lobbies go on with the new one, or restart without --record")
    }
    endFinished()
    let count = elders.count + 1
    guard limits.scriptVersions > 0, count >= limits.scriptVersions else { return }
    throw ScriptError(
      scripts.policy,
      "\(count) versions run already, each with lobbies of its own, and limit script_versions is "
        + "\(limits.scriptVersions): wait until some have finished, or let all lobbies go on with the new one")
  }

  private func load(
    _ scripts: Scripts, _ settings: [(name: String, value: String)], _ number: UInt32
  ) throws(ScriptError) -> ScriptVersion {
    let host = try unsafe ScriptHost.load(scripts, settings: settings, limits: limits, core: core, coverage: coverage)
    let modules = unsafe core.pointee.modules.end()
    try migrate(host, scripts)
    return ScriptVersion(
      host: host, scripts: scripts, modules: modules, version: scripts.version(with: modules, settings),
      loadedAt: unsafe core.pointee.wallSeconds, number: number, places: hookTimes.places(of: scripts))
  }

  /// Runs on_reload in every script, with the version of the script that it replaces, or nil for a new one.
  private func migrate(_ fresh: borrowing ScriptHost, _ scripts: Scripts) throws(ScriptError) {
    let places = hookTimes.places(of: scripts)
    for link in 0..<fresh.chain(LH_ON_RELOAD) {
      let script = scripts.all[fresh.script(LH_ON_RELOAD, link)]
      let replaced = self.scripts.all.first { old in
        old.isPlugin == script.isPlugin && (!old.isPlugin || old.name == script.name)
      }
      var failure: ScriptError?
      let previous = replaced.map { [PlainValue.text(Array($0.version.utf8))] } ?? []
      unsafe withBytes(of: previous) { values in
        unsafe arguments[0] = values.first ?? lh_value(kind: LH_NIL)
        let (status, _) = timed(Int(LH_ON_RELOAD.rawValue), fresh, places) { fresh in
          unsafe fresh.callLink(LH_ON_RELOAD, link, arguments, 1)
        }
        if status != LH_DONE { failure = ScriptError(fresh.error(status), in: script) }
      }
      if let failure { throw failure }
    }
  }

  /// Puts a version in the place of the running one, which is the answer.
  private func replace(by fresh: consuming ScriptVersion) -> ScriptVersion {
    var other = fresh
    swap(&running, &other)
    return other
  }

  /// What becomes of the version that was replaced: it finishes its lobbies, or it is there to come back.
  private func keep(_ version: consuming ScriptVersion, isBeside: Bool) {
    if isBeside {
      former = nil
      elders.append(ReplacedVersion(version))
      return
    }
    // The same again is nothing to come back to.
    if version.version != running.version { former = ReplacedVersion(version) }
    if elders.isEmpty { return }
    // Whatever else ran has nothing more to do.
    unsafe core.pointee.machine.adoptLobbies()
    for elder in elders { unsafe core.pointee.report(.finished(elder.version.name)) }
    elders = []
  }

  /// The scripts of all versions but the newest that run or may run again.
  public var standby: [Scripts] { (elders + [former].compactMap { $0 }).map { $0.version.scripts } }

  /// The version before takes over again, because this one fails too often.
  func fallBack() {
    breaker.reset()
    let failing = (name: running.name, number: running.number)
    guard let version = former ?? elders.popLast() else { return }
    former = nil
    swap(&running, &version.version)
    unsafe core.pointee.machine.version = running.number
    if running.number != failing.number { unsafe core.pointee.machine.adoptLobbies(of: failing.number) }
    unsafe core.pointee.report(.fellBack(from: failing.name, to: running.name))
  }
}
