import Configuration
import Policy
import Reactor
import Relay

/// Loads scripts anew from the files that a running relay was started with.
final class ScriptReloader: Reloader {
  private var plan: ServePlan
  private let mounts: [Mount]
  private let looked: LookedUp
  /// By mount: the files that an attempt has wanted which failed. Each of them may make the next one work.
  private var wanted: [ObjectIdentifier: Set<String>] = [:]

  /// `mounts` are those of the plan, in its order; `looked` notes which files they want.
  init(_ plan: ServePlan, _ mounts: [Mount], notingIn looked: LookedUp) {
    self.plan = plan
    self.mounts = mounts
    self.looked = looked
  }

  var files: [String] { Array(Set(mounts.flatMap(files) + [plan.configuration].compactMap { $0 })) }

  func takeOutdated() -> [String] { looked.takeOutdated() }

  private func files(of mount: Mount) -> [String] { mount.files + (wanted[ObjectIdentifier(mount)] ?? []) }

  func reload(_ changes: Set<String>?) -> [ReloadOutcome] {
    var outcomes: [ReloadOutcome] = []
    var changedMounts: Set<Int> = []
    if let path = plan.configuration, Self.concerns([path], changes) {
      do throws(ConfigurationError) {
        changedMounts = try adopt(try readAgain(), path)
      } catch {
        return [ReloadOutcome(subject: path, .failed(error.message))]
      }
    }
    for (index, mount) in mounts.enumerated()
    where changedMounts.contains(index) || Self.concerns(files(of: mount), changes) {
      outcomes.append(reload(mount, plan.mounts[index]))
    }
    return outcomes
  }

  private func reload(_ mount: Mount, _ plan: MountPlan) -> ReloadOutcome {
    let start = Clock.nanoseconds
    let subject = mount.scripts.policy.path
    looked.begin()
    do throws(FileError) {
      try plan.reload(mount, notingIn: looked)
      wanted[ObjectIdentifier(mount)] = nil
    } catch {
      wanted[ObjectIdentifier(mount)] = looked.paths
      return ReloadOutcome(subject: subject, .failed(error.message))
    }
    return ReloadOutcome(
      subject: subject, .loaded(version: mount.version, microseconds: (Clock.nanoseconds - start) / 1000))
  }

  private func readAgain() throws(ConfigurationError) -> ServePlan {
    var again = plan
    try again.readConfiguration()
    return again
  }

  /// Takes over what the configuration says of scripts, plugins and settings; answers the mounts that it concerns.
  private func adopt(_ again: ServePlan, _ path: String) throws(ConfigurationError) -> Set<Int> {
    let isSame =
      again.listen == plan.listen && again.admin == plan.admin && again.mounts.map(\.route) == plan.mounts.map(\.route)
      && again.mounts.map(\.limits) == plan.mounts.map(\.limits)
    guard isSame else {
      throw ConfigurationError(
        message: "\(path): listeners, limits, paths and the number of mounts are taken up by a restart only")
    }
    let concerned = again.mounts.indices.filter { again.mounts[$0] != plan.mounts[$0] }
    plan = again
    return Set(concerned)
  }

  // MARK: Files

  /// Whether one of these files is among the changed ones.
  private static func concerns(_ files: [String], _ changes: Set<String>?) -> Bool {
    guard let changes else { return true }
    return files.contains { !FileTrail(to: $0).entries.isDisjoint(with: changes) }
  }
}
