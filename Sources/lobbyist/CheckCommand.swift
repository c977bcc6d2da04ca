import Check
import Configuration
import Policy

/// `lobbyist check`: loads scripts as the relay would, and tells what is wrong with them.
enum CheckCommand {
  static func run(_ arguments: [String]) throws(UsageError) -> Int32 {
    var options = Options(arguments)
    var paths: [String] = []
    var configurations: [String] = []
    var plugins: [String] = []
    var settings: [(name: String, value: String)] = []
    var report = CheckReport()
    while let word = try options.next() {
      switch word {
      case .operand(let path) where isConfiguration(path): configurations.append(path)
      case .operand(let path): paths.append(path)
      case .option("--set"): settings.append(try options.assignment(of: "--set"))
      case .option("--config"): configurations.append(try options.value(of: "--config"))
      case .option("--plugin"): plugins.append(try options.value(of: "--plugin"))
      case .option("--json"): report.isJSON = true
      case .option("--help"):
        say(help)
        return ExitCode.success
      case .option(let name): throw UsageError("check has no option '\(name)'")
      }
    }
    guard !paths.isEmpty || !plugins.isEmpty || !configurations.isEmpty else {
      throw UsageError("name the scripts to check")
    }
    for path in paths { check(path, plugins, settings, &report) }
    for path in configurations { check(configuration: path, &report) }
    if paths.isEmpty, !plugins.isEmpty { check(nil, plugins, settings, &report) }
    return report.isSound ? ExitCode.success : ExitCode.failure
  }

  /// By its usual name, or by what it says.
  private static func isConfiguration(_ path: String) -> Bool {
    path.split(separator: "/").last == "lobbyist.lua"
      || Checker.isConfiguration(ScriptFiles.module(path) ?? [], words: Configuration.words)
  }

  /// A configuration, with every script that it names.
  private static func check(configuration path: String, _ report: inout CheckReport) {
    do {
      var plan = try ServePlan(["--config", path])
      try plan?.readConfiguration()
      if let plan { _ = try CertificatePlan.context(plan.certificates, try plan.readCertificates()) }
      let mounts = plan?.mounts ?? []
      var isSound = true
      for mount in mounts where !report.add(try mount.check()) { isSound = false }
      if isSound { report.approve("\(path) (\(mounts.count) \(mounts.count == 1 ? "mount" : "mounts"))") }
    } catch let error as FileError {
      report.add(complaint: error.message, about: path)
    } catch let error as ConfigurationError {
      report.add(complaint: error.message, about: path)
    } catch {
      report.add(complaint: "\(error)", about: path)
    }
  }

  /// A policy behind plugins, or plugins alone.
  private static func check(
    _ path: String?, _ plugins: [String], _ settings: [(name: String, value: String)], _ report: inout CheckReport
  ) {
    do throws(FileError) {
      let scripts = try ScriptFiles.open(policy: path, plugins: plugins)
      let findings = Checker.check(
        scripts, settings: settings, shared: ScriptFiles.shared, read: ScriptFiles.module)
      guard report.add(findings) else { return }
      let checked = path == nil ? scripts.plugins : [scripts.policy]
      for script in checked { report.approve("\(script.path) (version \(script.version))") }
    } catch {
      report.add(complaint: error.message, about: path ?? plugins[0])
    }
  }

  private static let help = """
    lobbyist check [--json] SCRIPT... [--plugin FILE]... [--set NAME=VALUE]...
    lobbyist check [--json] --plugin FILE
    lobbyist check [--json] [--config] FILE

    Loads each policy as the relay would, with these plugins: syntax, hooks, settings. Reads its text and that of what
    it requires: names and calls of the relay that there are not. Then gives it a trial run with clients of its own.
    A configuration is read and its scripts are checked; nothing is served. Its statements tell that it is one, or
    --config does.

    Findings are lines on standard error, FILE:LINE:COLUMN: error|warning: MESSAGE.
      --json   on standard output instead, a line of JSON each: file, line, column, severity, message

    Exit code 1 when there is an error; warnings change nothing.
    """
}
