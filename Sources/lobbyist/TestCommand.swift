import Conversation
import Policy
import Reactor

/// `lobbyist test`: plays conversations and runs unit tests, without sockets and on a virtual clock.
enum TestCommand {
  static func run(_ arguments: [String]) throws(UsageError) -> Int32 {
    var options = Options(arguments)
    var paths: [String] = []
    var form: CoverageReport.Form?
    var isWatching = false
    while let word = try options.next() {
      switch word {
      case .operand(let path): paths.append(path)
      case .option("--coverage"): form = try coverageForm(options.optionalValue())
      case .option("--watch"): isWatching = true
      case .option("--help"):
        say(help)
        return ExitCode.success
      case .option(let name): throw UsageError("test has no option '\(name)'")
      }
    }
    if let error = Files.missing(among: paths) { throw UsageError(error.message) }
    if paths.isEmpty { paths = ["."] }
    guard isWatching else { return once(paths, form) }
    guard form == nil else { throw UsageError("--watch and --coverage do not go together") }
    return watch(paths)
  }

  private static func coverageForm(_ value: String?) throws(UsageError) -> CoverageReport.Form {
    switch value {
    case nil, "text": return .text
    case "json": return .json
    case let other?: throw UsageError("--coverage is text or json, not '\(other)'")
    }
  }

  private static func once(_ paths: [String], _ form: CoverageReport.Form?) -> Int32 {
    var run = TestRun(paths: paths)
    if form != nil { run.coverage = Coverage() }
    let report = run.run { say($0) }
    if let form, let coverage = run.coverage { for line in CoverageReport(coverage).lines(form) { say(line) } }
    say(report.summary)
    return report.failed == 0 ? ExitCode.success : ExitCode.failure
  }

  private static func watch(_ paths: [String]) -> Int32 {
    do throws(SystemError) {
      var watch = try TestWatch(paths)
      try watch.run()
    } catch {
      complain(error.description)
    }
    return ExitCode.failure
  }

  private static let help = """
    lobbyist test [PATH...] [--coverage[=json]] [--watch]

    Plays the conversations of the .talk files in and below each PATH (default: this folder), and runs the unit
    tests of the files that end in _test.lua. Time is virtual: ten seconds pass in an instant. Exit code 1 when one
    of them fails.

      --coverage[=json]  tell for each script and module which of its lines have not run
      --watch            run them again whenever a file changes, and tell the failures only; Ctrl-C ends it
    """
}
