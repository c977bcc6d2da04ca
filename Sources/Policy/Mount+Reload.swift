import Lobby
import LuaHost

/// A version that has been loaded, and what it was made of.
struct ScriptVersion: ~Copyable {
  var host: ScriptHost
  let scripts: Scripts
  /// What they required.
  let modules: [Script]
  let version: String
}

extension Mount {
  /// The files that the running version was loaded from.
  public var files: [String] { unsafe (scripts.all + core.pointee.modules.found).map(\.path) }

  /// Replaces the running version, between two events. The new one is loaded into a fresh Lua state and may migrate
  /// attributes in on_reload; only when all of that has worked does it take over. Peers, lobbies, members, attributes,
  /// timers and what waits to be sent stay as they are. When anything fails, nothing has happened.
  public func reload(_ scripts: Scripts, settings: [(name: String, value: String)]) throws(ScriptError) {
    let modules = unsafe core.pointee.modules.found
    unsafe core.pointee.modules.begin(scripts.folders(and: shared))
    do throws(ScriptError) {
      let fresh = try load(scripts, settings)
      unsafe core.pointee.commit()
      // What was drawn to load it belongs to no event that an observer is told of.
      _ = takeDrawn()
      former = ScriptVersion(host: exchange(host: fresh), scripts: self.scripts, modules: modules, version: version)
    } catch {
      unsafe core.pointee.rollback()
      _ = takeDrawn()
      unsafe core.pointee.modules.restore(modules, folders: self.scripts.folders(and: shared))
      throw error
    }
    self.scripts = scripts
    version = unsafe scripts.version(with: core.pointee.modules.found, settings)
    breaker.reset()
    depart()
  }

  private func load(
    _ scripts: Scripts, _ settings: [(name: String, value: String)]
  ) throws(ScriptError) -> ScriptHost {
    let fresh = try unsafe ScriptHost.load(scripts, settings: settings, limits: limits, core: core, coverage: coverage)
    try migrate(fresh, scripts)
    return fresh
  }

  /// Runs on_reload in every script, with the version of the script that it replaces, or nil for a new one.
  private func migrate(_ fresh: borrowing ScriptHost, _ scripts: Scripts) throws(ScriptError) {
    for link in 0..<fresh.chain(LH_ON_RELOAD) {
      let script = scripts.all[fresh.script(LH_ON_RELOAD, link)]
      let replaced = self.scripts.all.first { old in
        old.isPlugin == script.isPlugin && (!old.isPlugin || old.name == script.name)
      }
      var failure: ScriptError?
      let previous = replaced.map { [PlainValue.text(Array($0.version.utf8))] } ?? []
      unsafe withBytes(of: previous) { values in
        unsafe arguments[0] = values.first ?? lh_value(kind: LH_NIL)
        let (status, _) = unsafe fresh.callLink(LH_ON_RELOAD, link, arguments, 1)
        if status != LH_DONE { failure = ScriptError(fresh.error(status), in: script) }
      }
      if let failure { throw failure }
    }
  }

  private func exchange(host fresh: consuming ScriptHost) -> ScriptHost {
    var other = fresh
    swap(&host, &other)
    return other
  }

  /// The former version takes over again, because this one fails too often.
  func fallBack() {
    breaker.reset()
    guard let version = former.take() else { return }
    let report = unsafe core.pointee.report
    report(.fellBack(from: self.version, to: version.version))
    self.version = version.version
    scripts = version.scripts
    unsafe core.pointee.modules.restore(version.modules, folders: scripts.folders(and: shared))
    host = version.host
  }
}
