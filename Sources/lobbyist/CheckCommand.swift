import Configuration
import Policy

/// `lobbyist check`: loads scripts as the relay would, and tells what is wrong with them.
enum CheckCommand {
  static func run(_ arguments: [String]) -> Int32 {
    do throws(UsageError) {
      return try check(arguments)
    } catch {
      complain("\(error.message). See 'lobbyist check --help'")
      return ExitCode.usage
    }
  }

  private static func check(_ arguments: [String]) throws(UsageError) -> Int32 {
    var options = Options(arguments)
    var paths: [String] = []
    var configurations: [String] = []
    var plugins: [String] = []
    var settings: [(name: String, value: String)] = []
    while let word = try options.next() {
      switch word {
      case .operand(let path) where path.split(separator: "/").last == "lobbyist.lua": configurations.append(path)
      case .operand(let path): paths.append(path)
      case .option("--set"): settings.append(try options.assignment(of: "--set"))
      case .option("--config"): configurations.append(try options.value(of: "--config"))
      case .option("--plugin"): plugins.append(try options.value(of: "--plugin"))
      case .option("--help"):
        say(help)
        return ExitCode.success
      case .option(let name): throw UsageError("check has no option '\(name)'")
      }
    }
    guard !paths.isEmpty || !plugins.isEmpty || !configurations.isEmpty else {
      throw UsageError("name the scripts to check")
    }
    var sound = paths.map { check($0, plugins, settings) } + configurations.map { check(configuration: $0) }
    if paths.isEmpty, !plugins.isEmpty { sound.append(check(nil, plugins, settings)) }
    return sound.allSatisfy { $0 } ? ExitCode.success : ExitCode.failure
  }

  /// A configuration, with every script that it names.
  private static func check(configuration path: String) -> Bool {
    do {
      var plan = try ServePlan(["--config", path])
      try plan?.readConfiguration()
      let mounts = try plan?.mounts.map { mount throws(FileError) in
        try mount.load(into: Outbox(), report: { _, _ in })
      }
      say("ok  \(path) (\(mounts?.count ?? 0) mounts)")
      return true
    } catch let error as FileError {
      complain(error.message)
    } catch let error as ConfigurationError {
      complain(error.message)
    } catch {
      complain("\(error)")
    }
    return false
  }

  /// A policy behind plugins, or plugins alone.
  private static func check(
    _ path: String?, _ plugins: [String], _ settings: [(name: String, value: String)]
  ) -> Bool {
    do {
      let scripts = try ScriptFiles.open(policy: path, plugins: plugins)
      _ = try Mount(
        scripts: scripts, settings: settings, outbox: Outbox(), shared: ScriptFiles.shared,
        read: ScriptFiles.module, report: { _ in })
      let checked = path == nil ? scripts.plugins : [scripts.policy]
      for script in checked { say("ok  \(script.path) (version \(script.version))") }
      return true
    } catch let error as FileError {
      complain(error.message)
    } catch let error as ScriptError {
      complain(error.complaint)
    } catch {
      complain("\(error)")
    }
    return false
  }

  private static let help = """
    lobbyist check SCRIPT... [--plugin FILE]... [--set NAME=VALUE]...
    lobbyist check --plugin FILE
    lobbyist check --config FILE

    Loads each policy as the relay would, with these plugins: syntax, hooks, settings, what it requires.
    A configuration is read and its scripts are loaded; nothing is served.
    Exit code 1 when one of them would not be served.
    """
}
