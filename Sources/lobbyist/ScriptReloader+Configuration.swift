import Configuration
import Policy
import Reactor
import Relay

extension ScriptReloader {
  /// What a configuration that was read again has brought.
  struct Adoption {
    /// Positions of mounts that go on with other scripts, plugins or settings.
    var changed: Set<Int> = []
    /// Positions of new ones, which have just been loaded.
    var fresh: Set<Int> = []
    var outcomes: [ReloadOutcome] = []
  }

  /// Takes over what the configuration says now, all of it or nothing; but the scripts of mounts that go on are loaded
  /// by whoever calls this.
  func adopt(_ again: ServePlan, _ path: String) throws(ConfigurationError) -> Adoption {
    let succession = Succession(from: plan.mounts.map(\.route), to: again.mounts.map(\.route))
    awaited = again.mounts.indices.filter { succession.predecessors[$0] == nil }.flatMap { again.mounts[$0].files }
    try refuse(again, succession, path)
    var (adoption, routed) = try load(again, succession)
    var changes = self.changes(again, succession)
    let (served, tls) = try certificates(of: again)
    let listeners: [String]
    do throws(ListenerRefusal) {
      listeners = try relay.rearrange(
        Arrangement(
          listen: again.listen, admin: again.admin, adminToken: again.adminToken, mounts: routed, limits: again.limits,
          proxies: again.proxies))
    } catch {
      throw ConfigurationError(message: "\(again.places[error.address] ?? path): \(error.reason)")
    }
    changes += listeners
    if again.certificates.map(\.files) != plan.certificates.map(\.files) { changes += Self.told(tls?.served ?? []) }
    (certificates, relay.tls) = (served, tls)
    if !changes.isEmpty { adoption.outcomes.insert(ReloadOutcome(subject: path, .changed(changes)), at: 0) }
    // What it said before may have been overruled since by the operator.
    if again.log != plan.log { again.log.apply(to: log) }
    (plan, mounts, awaited) = (again, routed.map(\.mount), [])
    return adoption
  }

  /// Refuses what only a restart takes up.
  private func refuse(_ again: ServePlan, _ succession: Succession, _ path: String) throws(ConfigurationError) {
    let isOther = !succession.gone.isEmpty || succession.predecessors.contains(nil)
    if isOther, plan.recording.path != nil {
      throw ConfigurationError(
        message: "\(path): a recording knows its mounts from the start: they come and go by a restart only")
    }
    guard again.deployments == plan.deployments else {
      throw ConfigurationError(message: "\(path): the folder of deployments is taken up by a restart only")
    }
    if store != nil, let problem = again.problemOfKeys { throw ConfigurationError(message: "\(path): \(problem)") }
    for (mount, predecessor) in zip(again.mounts, succession.predecessors) {
      guard let predecessor, plan.mounts[predecessor].limits != mount.limits else { continue }
      var (former, wanted) = (RelayLimits(), RelayLimits())
      (former.mount, wanted.mount) = (plan.mounts[predecessor].limits, mount.limits)
      let names = wanted.names(changedFrom: former, among: RelayLimits.mountNames).joined(separator: ", ")
      throw ConfigurationError(
        message: "\(mount.place ?? path): the mount \(mount.route) takes up the limit \(names) by a restart only")
    }
  }

  /// Loads the new mounts; answers all, in their order.
  private func load(
    _ again: ServePlan, _ succession: Succession
  ) throws(ConfigurationError) -> (Adoption, [RoutedMount]) {
    var adoption = Adoption()
    var routed: [RoutedMount] = []
    for (index, wanted) in again.mounts.enumerated() {
      if let predecessor = succession.predecessors[index] {
        if !wanted.runsLike(plan.mounts[predecessor]) { adoption.changed.insert(index) }
        routed.append(RoutedMount(mounts[predecessor], at: wanted.route))
        continue
      }
      adoption.fresh.insert(index)
      let start = Clock.nanoseconds
      do throws(FileError) {
        routed.append(try load(wanted))
      } catch {
        throw ConfigurationError(message: error.message)
      }
      let mount = routed[index].mount
      adoption.outcomes.append(
        ReloadOutcome(
          subject: mount.scripts.policy.path, of: mount,
          .loaded(version: mount.version, microseconds: (Clock.nanoseconds - start) / 1000)))
    }
    return (adoption, routed)
  }

  /// What is another now, besides listeners, in words.
  private func changes(_ again: ServePlan, _ succession: Succession) -> [String] {
    var changes: [String] = []
    for index in succession.gone {
      let count = mounts[index].peerCount
      changes.append("the mount \(plan.mounts[index].route) is gone, with \(count) \(count == 1 ? "peer" : "peers")")
    }
    for (mount, predecessor) in zip(again.mounts, succession.predecessors) {
      if let predecessor {
        let former = plan.mounts[predecessor].route
        if former.deflates != mount.route.deflates {
          changes.append("the mount \(mount.route) compresses \(mount.route.deflates ? "" : "nothing ")now")
        }
        if former.paths != mount.route.paths { changes.append("the mount \(former) is \(mount.route) now") }
      } else {
        changes.append("the mount \(mount.route) is new")
      }
    }
    for name in again.limits.names(changedFrom: plan.limits) {
      changes.append("limit \(name) is \(again.limits.text(of: name)) now")
    }
    if again.adminToken != plan.adminToken { changes.append("the admin listener's token is another now") }
    if again.proxies != plan.proxies { changes.append("other proxies are trusted now") }
    changes += again.log.changes(from: plan.log)
    return changes
  }
}
