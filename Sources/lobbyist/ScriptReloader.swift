import Check
import Configuration
import Deployment
import Policy
import Reactor
import Relay

/// Loads scripts anew from the files that a running relay was started with, and reads its configuration again.
final class ScriptReloader: Reloader {
  var plan: ServePlan
  /// Those of the plan, in its order.
  var mounts: [Mount]
  unowned let relay: Relay
  let log: Log
  /// What is deployed here runs in place of a mount's files; nil where nothing can be.
  let store: DeploymentStore?
  let load: (MountPlan) throws(FileError) -> RoutedMount
  let looked: LookedUp
  /// By mount: the files that an attempt has wanted which failed. Each of them may make the next one work.
  private var wanted: [ObjectIdentifier: Set<String>] = [:]
  /// The configuration as it is now was refused: it is tried again with whatever script changes.
  private var isRefused = false
  /// What encrypted listeners serve.
  var certificates: [TLSCertificate] = []
  /// What it wanted to load.
  var awaited: [String] = []

  /// `mounts` are those of the plan, in its order; `load` loads another one; `looked` notes which files they want.
  init(
    _ plan: ServePlan, _ mounts: [Mount], of relay: Relay, _ log: Log, _ store: DeploymentStore?,
    notingIn looked: LookedUp,
    load: @escaping (MountPlan) throws(FileError) -> RoutedMount
  ) {
    self.plan = plan
    self.mounts = mounts
    self.relay = relay
    self.log = log
    self.looked = looked
    self.store = store
    self.load = load
  }

  var files: [String] {
    Array(Set(mounts.indices.flatMap(files) + awaited + plan.configurationFiles + plan.certificateFiles))
  }

  func takeOutdated() -> [String] { looked.takeOutdated() }

  /// The files that a mount runs, and those that it is to run, which may not have loaded; but none that were deployed,
  /// as they do not change.
  private func files(of index: Int) -> [String] {
    let wanted = wanted[ObjectIdentifier(mounts[index])] ?? []
    let files = mounts[index].files + served(plan.mounts[index]).files + wanted
    return store.map { store in files.filter { !$0.hasPrefix(store.folder + "/") } } ?? files
  }

  private func served(_ plan: MountPlan) -> MountPlan { store.map { plan.served(from: $0) } ?? plan }

  func reload(_ changes: Set<String>?) -> [ReloadOutcome] {
    var outcomes: [ReloadOutcome] = []
    var adoption = Adoption()
    let isDue = isRefused && changes?.contains { $0.hasSuffix(".lua") } ?? true
    if let path = plan.configuration, isDue || Self.concerns(plan.configurationFiles, changes) {
      do throws(ConfigurationError) {
        adoption = try adopt(try readAgain(), path)
        outcomes = adoption.outcomes
        isRefused = false
      } catch {
        isRefused = true
        outcomes = [ReloadOutcome(subject: path, .failed(error.message))]
        if changes == nil { return outcomes }
      }
    }
    if let outcome = renewCertificates(changes) { outcomes.append(outcome) }
    for (index, mount) in mounts.enumerated() where !adoption.fresh.contains(index) {
      guard adoption.changed.contains(index) || Self.concerns(files(of: index), changes) else { continue }
      outcomes.append(reload(mount, served(plan.mounts[index])))
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
      return ReloadOutcome(subject: subject, of: mount, .failed(error.message))
    }
    let microseconds = (Clock.nanoseconds - start) / 1000
    return ReloadOutcome(
      subject: subject, of: mount, .loaded(version: mount.version, microseconds: microseconds),
      remarks: remarks(on: mount, plan))
  }

  /// Texts that are longer in all are not read: nobody is to wait for that.
  private static let readBytesMax = 128 << 10
  private static let remarksMax = 10

  /// Says in the log what is likely to fail in what the relay starts with.
  func remark() {
    for (mount, plan) in zip(mounts, plan.mounts) {
      for remark in remarks(on: mount, plan) { log.warning(remark) }
    }
  }

  /// What is likely to fail in the version that runs now.
  private func remarks(on mount: Mount, _ plan: MountPlan) -> [String] {
    let bytes = (mount.scripts.all + mount.modules).reduce(0) { $0 + $1.source.count }
    guard bytes <= Self.readBytesMax else { return [] }
    // As they were loaded, not as the files are by now.
    let findings = Checker.read(mount.scripts, shared: plan.shared) { path in
      mount.modules.first { $0.path == path }?.source
    }
    return findings.prefix(Self.remarksMax).map(\.remark)
  }

  private func readAgain() throws(ConfigurationError) -> ServePlan {
    var again = plan
    try again.readConfiguration()
    return again
  }

  // MARK: Files

  /// Whether one of these files is among the changed ones.
  static func concerns(_ files: [String], _ changes: Set<String>?) -> Bool {
    guard let changes else { return true }
    return files.contains { !FileTrail(to: $0).entries.isDisjoint(with: changes) }
  }
}
