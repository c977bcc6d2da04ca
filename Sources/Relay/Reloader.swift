import Policy
import Reactor

/// What reloads the scripts of a relay; it knows where they come from.
public protocol Reloader: AnyObject {
  /// Files that are watched for changes, whether they are there or not.
  var files: [String] { get }

  /// Loads anew what has to do with these changes, which are entries of the trails to files, or everything for nil; and
  /// answers what became of it.
  func reload(_ changes: Set<String>?) -> [ReloadOutcome]

  /// Those of the files that are no longer what they were when they were last read, each change once.
  func takeOutdated() -> [String]
}

/// What became of one mount, or of the configuration.
public struct ReloadOutcome: Sendable {
  public enum Result: Sendable {
    /// The version that runs now, and how long loading it took.
    case loaded(version: String, microseconds: UInt64)
    /// What is another in the configuration now, in words.
    case changed([String])
    /// The version before runs on, because of this.
    case failed(String)
  }

  /// The script's path, or the configuration's.
  public let subject: String
  public let result: Result
  /// The mount that it is about; nil for the configuration.
  public let mount: ObjectIdentifier?
  /// What is likely to fail in the version that runs now: `file:line:column: message`.
  public let remarks: [String]

  public init(subject: String, of mount: Mount? = nil, _ result: Result, remarks: [String] = []) {
    self.subject = subject
    self.mount = mount.map { ObjectIdentifier($0) }
    self.result = result
    self.remarks = remarks
  }

  public var hasFailed: Bool {
    if case .failed = result { return true }
    return false
  }
}

/// What has led to a reload.
public enum ReloadReason: Sendable {
  case files, signal, `operator`
}

extension Relay {
  /// How long after the last change of a file its scripts are loaded: one save is several changes.
  private static let settleMilliseconds: UInt64 = 100
  /// How long changes that go on and on can put that off.
  private static let settleMillisecondsMax: UInt64 = 1000

  /// Watches the files of the scripts, and reloads them when they change, on SIGHUP and when the operator says so.
  public func reloadScripts(with reloader: Reloader) {
    self.reloader = reloader
    do throws(SystemError) {
      let watch = try FileWatch()
      try reactor.add(watch.descriptor, .reading, Token(slot: Source.files, generation: 0))
      files = consume watch
      watchFiles()
    } catch {
      log.warning("files are not watched, so that changed scripts are taken up on SIGHUP only: \(error)")
    }
  }

  /// Watches the files where they are by now. One that has changed between its loading and this counts as changed.
  func watchFiles() {
    guard let reloader, var watch = files.take() else { return }
    let problems = watch.watch(reloader.files.map { FileTrail(to: $0) })
    files = consume watch
    for problem in problems where !watchProblems.contains(problem.description) { log.warning("\(problem)") }
    watchProblems = problems.map(\.description)
    let outdated = reloader.takeOutdated().map { FileTrail(to: $0).end }
    if !outdated.isEmpty { note(Set(outdated)) }
  }

  /// Some files have changed.
  func takeFileChanges() {
    guard let changes = files?.takeChanges(), !changes.isEmpty else { return }
    note(changes)
  }

  private func note(_ changes: Set<String>) {
    if changed.isEmpty { changedSince = now }
    changed.formUnion(changes)
    reloadAt = min(now + Self.settleMilliseconds, changedSince + Self.settleMillisecondsMax)
  }

  /// Reloads what has changed, once it has settled.
  func reloadChanged() {
    guard let reloadAt, now >= reloadAt else { return }
    let changes = changed
    self.reloadAt = nil
    changed = []
    reload(changes.contains(FileWatch.unknown) ? nil : changes, .files)
  }

  /// Reloads what has to do with these files, or everything for nil.
  @discardableResult
  func reload(_ changes: Set<String>?, _ reason: ReloadReason) -> [ReloadOutcome] {
    guard let reloader, graceEnds == nil else { return [] }
    if changes == nil {
      // Whatever has changed until now is loaded by this.
      takeFileChanges()
      changed = []
      reloadAt = nil
    }
    let outcomes = reloader.reload(changes)
    for outcome in outcomes {
      switch outcome.result {
      case .loaded(let version, let microseconds):
        counters.reloads += 1
        log.info("\(outcome.subject) (version \(version)) runs now, loaded in \(microseconds) us")
        for remark in outcome.remarks { log.warning(remark) }
      case .changed(let changes):
        counters.reloads += 1
        for change in changes { log.info("\(outcome.subject): \(change)") }
      case .failed(let reason):
        counters.reloadsFailed += 1
        log.error("\(outcome.subject) is not reloaded, the version before runs on: \(reason)")
      }
    }
    note(outcomes)
    journal?.reloaded(outcomes, reason, milliseconds: now, wallSeconds: wallSeconds)
    watchFiles()
    return outcomes
  }
}
