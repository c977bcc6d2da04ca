import Check
import Deployment

/// `lobbyist deploy`: sends a script to a running relay, which tries it and puts it into service.
enum DeployCommand {
  private struct Plan {
    var script: String?
    var plugins: [String] = []
    var settings: [(name: String, value: String)] = []
    var tests: [String] = []
    var withoutTests = false
    var newLobbies = false
    var mount: String?
    var admin = AdminOptions()
  }

  static func run(_ arguments: [String]) throws(UsageError) -> Int32 {
    guard let plan = try plan(arguments) else {
      say(help)
      return ExitCode.success
    }
    return try deploy(plan)
  }

  /// Nil when the help is asked for.
  private static func plan(_ arguments: [String]) throws(UsageError) -> Plan? {
    var options = Options(arguments)
    var plan = Plan()
    while let word = try options.next() {
      switch word {
      case .operand(let path) where plan.script == nil: plan.script = path
      case .operand(let text): throw UsageError("one script at a time, not also '\(text)'")
      case .option("--plugin"): plan.plugins.append(try options.value(of: "--plugin"))
      case .option("--set"): plan.settings.append(try options.assignment(of: "--set"))
      case .option("--test"): plan.tests.append(try options.value(of: "--test"))
      case .option("--without-tests"): plan.withoutTests = true
      case .option("--new-lobbies"): plan.newLobbies = true
      case .option("--mount"): plan.mount = try options.value(of: "--mount")
      case .option("--help"): return nil
      case .option(let name) where try plan.admin.read(name, &options): break
      case .option(let name): throw UsageError("deploy has no option '\(name)'")
      }
    }
    guard plan.script != nil else { throw UsageError("name the script") }
    guard plan.tests.isEmpty || !plan.withoutTests else {
      throw UsageError("--test and --without-tests do not go together")
    }
    return plan
  }

  private static func deploy(_ plan: Plan) throws(UsageError) -> Int32 {
    guard let script = plan.script else { return ExitCode.usage }
    if let error = Files.missing(among: ([script] + plan.plugins).map(ScriptFiles.locate) + plan.tests) {
      throw UsageError(error.message)
    }
    let relay = try plan.admin.request()
    var bundle = Bundle(script: script, plugins: plan.plugins)
    bundle.settings = plan.settings
    do throws(FileError) {
      var report = CheckReport()
      guard report.add(try bundle.check()) else { return refuse("\(script) does not pass the check here") }
      bundle.tests = plan.withoutTests ? [] : try tests(plan, bundle)
      guard passes(bundle, plan) else { return refuse("tests fail here") }
      var request = try bundle.request()
      request.mount = plan.mount
      request.newLobbies = plan.newLobbies
      request.withoutTests = plan.withoutTests
      let bytes = request.files.reduce(0) { $0 + $1.bytes.count }
      let files = request.files.map(\.path).joined(separator: ", ")
      say("sending \(bytes) bytes in \(request.files.count) files: \(files)")
      return relay.change("/deploy", request.json)
    } catch {
      return refuse(error.message)
    }
  }

  private static func tests(_ plan: Plan, _ bundle: Bundle) throws(FileError) -> [String] {
    guard !plan.tests.isEmpty else { return bundle.findTests() }
    return try Bundle.expand(plan.tests)
  }

  private static func passes(_ bundle: Bundle, _ plan: Plan) -> Bool {
    guard !bundle.tests.isEmpty else {
      if !plan.withoutTests { say("there are no tests beside \(bundle.script): it goes with its check alone") }
      return true
    }
    let report = bundle.test()
    say("\(report.summary) here")
    return report.failed == 0
  }

  private static func refuse(_ reason: String) -> Int32 {
    complain("\(reason). Nothing was sent")
    return ExitCode.failure
  }

  private static let help = """
    lobbyist deploy SCRIPT [OPTIONS]

    Checks a policy and runs its tests here, sends it with all that they have read to the relay whose admin listener
    is there, which does the same in a process of its own, and then puts it into service. Nobody is disconnected.
    Run it in the folder of the project. The relay must have been started with --deployments FOLDER. Exit code 1 when
    something is wrong with it: then what ran runs on.

      --plugin FILE            these plugins instead of the mount's, may be repeated; in this order
      --set NAME=VALUE         a setting that goes before the mount's, may be repeated
      --test PATH              these tests instead of those beside the script that are about it, may be repeated
      --without-tests          no tests
      --new-lobbies            lobbies that exist finish on the version that they began with
      --mount NAME             where, if the relay has several mounts (see 'lobbyist versions')
    \(AdminOptions.help)
    """
}
