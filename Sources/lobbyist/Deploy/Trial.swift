import Check
import Deployment
import Glibc
import Policy
import Reactor

/// The process in which the relay tries what is to be deployed: it can neither harm nor delay the relay.
struct Trial {
  /// The word on the command line, which is for the relay only.
  static let command = "trial"
  /// The exit code when the disk is full, and nothing else could be said.
  static let noSpace: Int32 = 3
  private static let memoryBytes = 1 << 30
  private static let outputBytes = 1 << 20

  private let staging: Staging
  private let plan: TrialPlan

  static func run(_ arguments: [String]) -> Int32 {
    guard arguments.count == 1 else {
      complain("'\(command)' is for the relay itself; see 'lobbyist deploy --help'")
      return ExitCode.usage
    }
    let staging = Staging(Files.whole(arguments[0]))
    do throws(DeployRefusal) {
      let plan = try staging.readPlan()
      guard ChildBeginnings.dieWithParent(plan.relay) else { return ExitCode.failure }
      try staging.put(Trial(staging: staging, plan: plan).run())
      return ExitCode.success
    } catch {
      let isSaid = (try? staging.put(.refused(error))) != nil
      return isSaid || error.status != 507 ? ExitCode.failure : noSpace
    }
  }

  private func run() throws(DeployRefusal) -> TrialOutcome {
    let bytes = try staging.readRequest()
    ChildBeginnings.limit(
      seconds: plan.seconds, memoryBytes: Self.memoryBytes, fileBytes: max(Self.outputBytes, bytes.count))
    let request = try DeployRequest(parsing: bytes)
    let mount = plan.mounts[try plan.mounts.position(of: request.mount)]
    try staging.unpack(request)
    guard unsafe chdir(staging.filesFolder) == 0 else { throw DeployRefusal(500, "no \(staging.filesFolder)") }
    var served = try MountPlan(mount).replaced(
      by: request.script, plugins: request.plugins, settings: request.settings)
    served.folders = ["plugins", "scripts"]
    served.shared = plan.shared
    try check(served)
    if !request.withoutTests, !request.tests.isEmpty { try test(request.tests, served.folders + served.shared) }
    try staging.put(
      Deployment(
        number: mount.number, script: request.script, plugins: request.plugins, settings: request.settings,
        version: try version(served), deployedAt: plan.now, replaces: mount.running))
    return .passed(mount: mount.key, newLobbies: request.newLobbies)
  }

  private func check(_ served: MountPlan) throws(DeployRefusal) {
    do throws(FileError) {
      let findings = try served.check()
      for finding in findings { say(finding.description) }
      let errors = findings.count { $0.severity == .error }
      guard errors == 0 else {
        throw FileError("\(served.script): the check finds \(errors == 1 ? "an error" : "\(errors) errors")")
      }
    } catch {
      throw DeployRefusal(422, error.message)
    }
  }

  private func test(_ tests: [String], _ shared: [String]) throws(DeployRefusal) {
    let report = TestRun(paths: tests, shared: shared).run { if !$0.hasPrefix("ok  ") { say($0) } }
    say(report.summary)
    guard report.failed == 0 else {
      throw DeployRefusal(422, "\(report.failed) of \(report.passed + report.failed) tests fail")
    }
  }

  /// The version as the relay will call it.
  private func version(_ served: MountPlan) throws(DeployRefusal) -> String {
    do throws(FileError) {
      return try served.load(into: Outbox(), report: { _ in }).mount.version
    } catch {
      throw DeployRefusal(422, error.message)
    }
  }
}
