import Conversation
import Deployment
import Glibc
import Policy
import Reactor
import Relay

/// Puts scripts into service that the operator sends, and goes back to earlier ones.
final class ScriptDeployer: Deployer {
  private let store: DeploymentStore
  private let reloader: ScriptReloader
  private let log: Log
  /// What is being tried.
  private var staging: Staging?
  /// What runs may be another version than what a restart would run: one has failed too often and has given way to the
  /// one before.
  var isUnsettled = false
  /// Another relay has the store, or may have.
  private var isReleased = false

  init(_ store: DeploymentStore, _ reloader: ScriptReloader, _ log: Log) {
    self.store = store
    self.reloader = reloader
    self.log = log
  }

  // MARK: Trying

  func begin(_ request: [UInt8]) throws(OperatorAnswer) -> ChildProcess {
    do throws(DeployRefusal) {
      let staging = try store.begin()
      self.staging = staging
      try staging.put(request: request, plan: plan)
      return try start(staging)
    } catch {
      discard()
      throw refuse("a deployment", error)
    }
  }

  private func start(_ staging: Staging) throws(DeployRefusal) -> ChildProcess {
    do throws(SystemError) {
      return try ChildProcess(running: [Trial.command, staging.path], output: staging.output)
    } catch {
      throw DeployRefusal(error.code == ENOSPC ? 507 : 500, "the trial could not be started: \(error)")
    }
  }

  private var plan: TrialPlan {
    TrialPlan(
      relay: Int(getpid()), seconds: limits.deployMilliseconds / 1000 + 1, now: Int(Clock.wallSeconds),
      shared: ScriptFiles.shared.map(Files.whole), mounts: plans.map { $0.trialMount(in: store) })
  }

  private func discard() {
    staging?.remove()
    staging = nil
  }

  func finish(_ end: TrialEnd) -> OperatorAnswer {
    guard let staging else { return OperatorAnswer(500, error: "nothing was tried") }
    defer { discard() }
    settle()
    let report = staging.report
    do throws(DeployRefusal) {
      switch try decision(end, staging) {
      case .refused(let refusal): throw refusal
      case .passed(let key, let newLobbies): return try serve(staging, key, newLobbies, report)
      }
    } catch {
      return refuse("a deployment", error, report)
    }
  }

  private func decision(_ end: TrialEnd, _ staging: Staging) throws(DeployRefusal) -> TrialOutcome {
    switch end {
    case .overdue:
      let limit = "limit deploy_milliseconds (\(limits.deployMilliseconds))"
      throw DeployRefusal(422, "the trial took longer than \(limit)")
    case .abandoned: throw DeployRefusal(503, "the relay shuts down; nothing has changed")
    case .killed(SIGXCPU): throw DeployRefusal(422, "the trial used up its time of the processor")
    case .killed(SIGKILL):
      throw DeployRefusal(422, "the trial was killed, not by the relay: perhaps the machine had no memory left for it")
    case .killed(let signal):
      throw DeployRefusal(422, "the trial was ended by signal \(signal), perhaps for want of memory")
    case .exited(Trial.noSpace): throw DeployRefusal(507, "there is no room for it in \(store.folder)")
    case .exited(let code): return try decision(staging, "exit code \(code)")
    case .unknown: return try decision(staging, "how it ended is not known")
    }
  }

  private func decision(_ staging: Staging, _ how: String) throws(DeployRefusal) -> TrialOutcome {
    guard let decision = staging.decision else { throw DeployRefusal(422, "the trial came to no end (\(how))") }
    return decision
  }

  // MARK: Serving

  private func serve(
    _ staging: Staging, _ key: MountKey, _ newLobbies: Bool, _ report: String
  ) throws(DeployRefusal) -> OperatorAnswer {
    guard let place = places.first(where: { $0.plan.key == key }) else {
      throw DeployRefusal(404, "there is no mount '\(key.text)' any more")
    }
    let deployment = try store.adopt(staging, of: key)
    do throws(DeployRefusal) {
      let answer = try select(deployment.number, place, newLobbies, report)
      let standby = Set(place.mount.standby.compactMap { number(of: $0, key) })
      store.trim(to: limits.deploymentsKept == 0 ? .max : limits.deploymentsKept, of: key, keeping: standby)
      return answer
    } catch {
      store.forget(deployment.number, of: key)
      throw error
    }
  }

  private func select(
    _ number: Int, _ place: Place, _ newLobbies: Bool, _ report: String
  ) throws(DeployRefusal) -> OperatorAnswer {
    let (plan, mount) = place
    // Refused, it may have to be said again what runs.
    isUnsettled = true
    let microseconds = try store.select(number, of: plan.key) { () throws(DeployRefusal) in
      try load(plan.served(from: store, number: number), mount, newLobbies)
    }
    let version = mount.version
    let script = store.deployment(number, of: plan.key)?.script ?? plan.script
    let what = number == 0 ? script : "\(script) of deployment \(number)"
    log.info("\(what) (version \(version)) runs at \(plan.key.text) now, loaded in \(microseconds) us")
    return answer(
      200,
      [
        .init("mount", .string(plan.key.text)), .init("script", .string(script)),
        .init("number", .integer(Int64(number))), .init("version", .string(version)),
        .init("microseconds", .integer(Int64(microseconds))), .init("report", .string(report)),
      ])
  }

  /// Answers the microseconds that it took.
  private func load(_ plan: MountPlan, _ mount: Mount, _ newLobbies: Bool) throws(DeployRefusal) -> UInt64 {
    let start = Clock.nanoseconds
    reloader.looked.begin()
    do throws(FileError) {
      try plan.reload(mount, notingIn: reloader.looked, lobbiesFinish: newLobbies)
    } catch {
      throw DeployRefusal(422, "it does not load: \(error.message)")
    }
    return (Clock.nanoseconds - start) / 1000
  }

  // MARK: Going back

  func rollBack(_ request: [UInt8]) -> OperatorAnswer {
    settle()
    do throws(DeployRefusal) {
      let wanted = try RollbackRequest(parsing: request)
      let place = places[try plans.position(of: wanted.mount)]
      return try select(try number(wanted.to, place.plan.key), place, wanted.newLobbies, "")
    } catch {
      return refuse("a rollback", error)
    }
  }

  /// The number that is gone back to.
  private func number(_ wanted: Int?, _ key: MountKey) throws(DeployRefusal) -> Int {
    let running = store.current(of: key)
    let all = store.deployments(of: key).map { "\($0.number)" }
    let there = "there are \((["0"] + all).joined(separator: ", ")), and 0 is the files that the relay was started with"
    guard wanted != running else { throw DeployRefusal(409, "deployment \(running) runs already: \(there)") }
    if let wanted {
      guard wanted == 0 || store.deployment(wanted, of: key) != nil else {
        throw DeployRefusal(404, "there is no deployment \(wanted): \(there)")
      }
      return wanted
    }
    guard let replaced = store.deployment(running, of: key)?.replaces else {
      throw DeployRefusal(409, "no deployment runs at \(key.text), so there is nothing to go back to: \(there)")
    }
    guard replaced == 0 || store.deployment(replaced, of: key) != nil else {
      throw DeployRefusal(409, "deployment \(replaced), which ran before, is no longer kept: \(there)")
    }
    return replaced
  }

  func turnEnded() { settle() }

  // MARK: Leaving the place to another relay

  func release() {
    isReleased = true
    store.release()
  }

  func retake() {
    do throws(DeployRefusal) {
      try store.retake()
      isReleased = false
    } catch {
      log.error("nothing can be deployed until a restart: \(error.message)")
    }
  }

  /// What has given way, or was refused, does not come with a restart.
  private func settle() {
    guard isUnsettled, !isReleased else { return }
    isUnsettled = false
    for (plan, mount) in places {
      let running = number(of: mount.scripts, plan.key) ?? 0
      guard running != store.current(of: plan.key) else { continue }
      do throws(DeployRefusal) {
        try store.select(running, of: plan.key) {}
      } catch {
        log.error("after a restart deployment \(store.current(of: plan.key)) runs again: \(error.message)")
      }
    }
  }

  // MARK: Telling

  /// A mount as it was planned and as it runs.
  private typealias Place = (plan: MountPlan, mount: Mount)

  private var plans: [MountPlan] { reloader.plan.mounts }
  private var places: [Place] { zip(plans, reloader.mounts).map { ($0, $1) } }
  private var limits: RelayLimits { reloader.plan.limits }

  func deployment(of mount: Mount) -> Int? {
    places.first { $0.mount === mount }.flatMap { number(of: mount.scripts, $0.plan.key) }
  }

  /// The deployment that scripts are of; nil for the files that the relay was started with.
  private func number(of scripts: Scripts, _ key: MountKey) -> Int? {
    let folder = store.folder(of: key) + "/"
    let path = scripts.policy.path
    return path.hasPrefix(folder) ? Int(path.dropFirst(folder.count).prefix { $0 != "/" }) : nil
  }

  /// What a mount serves, if that was deployed: `scripts/my.lua of deployment 3`.
  func deployed(_ mount: Mount) -> String? {
    guard let key = places.first(where: { $0.mount === mount })?.plan.key, let number = deployment(of: mount),
      let deployment = store.deployment(number, of: key)
    else { return nil }
    return "\(deployment.script) of deployment \(number)"
  }

  var list: String {
    let mounts = places.map { plan, mount in
      let running = number(of: mount.scripts, plan.key) ?? 0
      return TalkValue.object([
        .init("mount", .string(plan.key.text)), .init("script", .string(plan.script)),
        .init("running", .integer(Int64(running))), .init("version", .string(mount.version)),
        .init("finishing", .array(mount.versions.dropFirst().map(\.listed))),
        .init("deployments", .array(store.deployments(of: plan.key).map(\.listed))),
      ])
    }
    return text(.object([.init("mounts", .array(mounts))]))
  }

  private func refuse(_ what: String, _ refusal: DeployRefusal, _ report: String = "") -> OperatorAnswer {
    // Where the check or a test fails, the report says it first.
    let detail = report.split(separator: "\n").first.map { ": \($0)" } ?? ""
    log.warning("\(what) is refused: \(refusal.message)\(detail)")
    return answer(
      refusal.status, [.init("error", .string(refusal.message)), .init("report", .string(report))])
  }

  private func answer(_ status: Int, _ members: [TalkValue.Member]) -> OperatorAnswer {
    OperatorAnswer(status, text(.object(members)))
  }

  private func text(_ value: TalkValue) -> String { String(decoding: value.json, as: UTF8.self) + "\n" }
}

extension RunningVersion {
  /// As it is listed where only lobbies run it that finish on it.
  fileprivate var listed: TalkValue {
    .object([.init("version", .string(version)), .init("lobbies", .integer(Int64(lobbies)))])
  }
}

extension Deployment {
  /// As it is listed: without settings, which may be secrets.
  fileprivate var listed: TalkValue {
    .object([
      .init("number", .integer(Int64(number))), .init("script", .string(script)), .init("version", .string(version)),
      .init("deployed_at", .integer(Int64(deployedAt))), .init("replaces", .integer(Int64(replaces))),
    ])
  }
}
