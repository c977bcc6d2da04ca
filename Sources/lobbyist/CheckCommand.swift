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
    var plugins: [String] = []
    var settings: [(name: String, value: String)] = []
    while let word = try options.next() {
      switch word {
      case .operand(let path): paths.append(path)
      case .option("--set"): settings.append(try options.assignment(of: "--set"))
      case .option("--plugin"): plugins.append(try options.value(of: "--plugin"))
      case .option("--help"):
        say(help)
        return ExitCode.success
      case .option(let name): throw UsageError("check has no option '\(name)'")
      }
    }
    guard !paths.isEmpty else { throw UsageError("name the scripts to check") }
    let sound = paths.map { check($0, plugins, settings) }
    return sound.allSatisfy { $0 } ? ExitCode.success : ExitCode.failure
  }

  private static func check(
    _ path: String, _ plugins: [String], _ settings: [(name: String, value: String)]
  ) -> Bool {
    do {
      let scripts = try ScriptFiles.open(policy: path, plugins: plugins)
      _ = try Mount(
        scripts: scripts, settings: settings, outbox: Outbox(), shared: ScriptFiles.shared,
        read: ScriptFiles.module, report: { _ in })
      say("ok  \(path) (version \(scripts.policy.version))")
      return true
    } catch let error as FileError {
      complain(error.message)
    } catch let error as ScriptError {
      complain(ScriptFiles.complaint(error, path))
    } catch {
      complain("\(error)")
    }
    return false
  }

  private static let help = """
    lobbyist check SCRIPT... [--plugin FILE]... [--set NAME=VALUE]...

    Loads each policy as the relay would, with these plugins: syntax, hooks, settings, what it requires.
    Exit code 1 when one of them would not be served.
    """
}
