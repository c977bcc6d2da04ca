import Conversation

/// `lobbyist test`: plays conversations against policies, without sockets and on a virtual clock.
enum TestCommand {
  static func run(_ arguments: [String]) -> Int32 {
    do throws(UsageError) {
      var options = Options(arguments)
      var paths: [String] = []
      while let word = try options.next() {
        switch word {
        case .operand(let path): paths.append(path)
        case .option("--help"):
          say(help)
          return ExitCode.success
        case .option(let name): throw UsageError("test has no option '\(name)'")
        }
      }
      if let error = Files.missing(among: paths) { throw UsageError(error.message) }
      let passed = TalkFiles.play(paths.isEmpty ? ["."] : paths, on: PolicyStage()) { say($0) }
      return passed ? ExitCode.success : ExitCode.failure
    } catch {
      complain("\(error.message). See 'lobbyist test --help'")
      return ExitCode.usage
    }
  }

  private static let help = """
    lobbyist test [PATH...]

    Plays the conversations of the .talk files in and below each PATH (default: this folder).
    Time is virtual: ten seconds pass in an instant. Exit code 1 when one of them fails.
    """
}
