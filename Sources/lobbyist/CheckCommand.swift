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
    var settings: [(name: String, value: String)] = []
    while let word = try options.next() {
      switch word {
      case .operand(let path): paths.append(path)
      case .option("--set"): settings.append(try options.assignment(of: "--set"))
      case .option("--help"):
        say(help)
        return ExitCode.success
      case .option(let name): throw UsageError("check has no option '\(name)'")
      }
    }
    guard !paths.isEmpty else { throw UsageError("name the scripts to check") }
    let sound = paths.map { check($0, settings) }
    return sound.allSatisfy { $0 } ? ExitCode.success : ExitCode.failure
  }

  private static func check(_ path: String, _ settings: [(name: String, value: String)]) -> Bool {
    switch Scripts.open(path) {
    case .failure(let error):
      complain(error.message)
      return false
    case .success(let script):
      do throws(ScriptError) {
        _ = try Mount(script: script, settings: settings, outbox: Outbox(), read: Scripts.module, report: { _ in })
        say("ok  \(path) (version \(script.version))")
        return true
      } catch {
        complain(Scripts.complaint(error, path))
        return false
      }
    }
  }

  private static let help = """
    lobbyist check SCRIPT... [--set NAME=VALUE]...

    Loads each script as the relay would: syntax, hooks, settings, what it requires.
    Exit code 1 when one of them would not be served.
    """
}
