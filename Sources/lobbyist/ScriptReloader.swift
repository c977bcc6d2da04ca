import Configuration
import Deployment
import Glibc
import Policy
import Reactor
import Relay

/// Loads scripts anew from the files that a running relay was started with.
final class ScriptReloader: Reloader {
  private(set) var plan: ServePlan
  let mounts: [Mount]
  private let store: DeploymentStore?

  /// `mounts` are those of the plan, in its order. What is deployed in the store runs in place of their files.
  init(_ plan: ServePlan, _ mounts: [Mount], _ store: DeploymentStore? = nil) {
    self.plan = plan
    self.mounts = mounts
    self.store = store
  }

  var folders: [String] {
    let files = mounts.flatMap(watched) + [plan.configuration].compactMap { $0 }
    return Array(Set(files.flatMap(Self.names).map(Files.folder)))
  }

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
    where changedMounts.contains(index) || Self.concerns(watched(mount), changes) {
      outcomes.append(reload(mount, plan.mounts[index]))
    }
    return outcomes
  }

  private func reload(_ mount: Mount, _ plan: MountPlan) -> ReloadOutcome {
    let start = Clock.nanoseconds
    let subject = mount.scripts.policy.path
    do throws(FileError) {
      try (store.map { plan.served(from: $0) } ?? plan).reload(mount)
    } catch {
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
      again.listen == plan.listen && again.admin == plan.admin && again.deployments == plan.deployments
      && again.mounts.map(\.route) == plan.mounts.map(\.route)
      && again.mounts.map(\.limits) == plan.mounts.map(\.limits)
    guard isSame else {
      throw ConfigurationError(
        message: "\(path): listeners, limits, paths, deployments and the number of mounts are taken up "
          + "by a restart only")
    }
    let concerned = again.mounts.indices.filter { again.mounts[$0] != plan.mounts[$0] }
    plan = again
    return Set(concerned)
  }

  // MARK: Files

  /// The files of a mount that may change; those that were deployed do not.
  private func watched(_ mount: Mount) -> [String] {
    guard let store else { return mount.files }
    return mount.files.filter { !$0.hasPrefix(store.folder + "/") }
  }

  /// Whether one of these files is among the changed ones.
  private static func concerns(_ files: [String], _ changes: Set<String>?) -> Bool {
    guard let changes else { return true }
    return files.flatMap(names).contains { changes.contains($0) }
  }

  /// How the watch may name a file: by its own path, and by what it leads to if it is a link.
  private static func names(of file: String) -> [String] {
    var names = [file.contains("/") ? file : "./" + file]
    if let whole = unsafe realpath(file, nil) {
      names.append(unsafe String(cString: whole))
      unsafe free(whole)
    }
    return names
  }
}
