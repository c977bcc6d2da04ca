import Conversation
import Deployment

/// `lobbyist reload`: has a running relay load its scripts anew, and tells what became of it.
enum ReloadCommand {
  static func run(_ arguments: [String]) throws(UsageError) -> Int32 {
    var options = Options(arguments)
    var admin = AdminOptions()
    while let word = try options.next() {
      switch word {
      case .option("--help"):
        say(help)
        return ExitCode.success
      case .option(let name) where try admin.read(name, &options): break
      case .option(let name): throw UsageError("reload has no option '\(name)'")
      case .operand(let text): throw UsageError("reload takes no '\(text)'")
      }
    }
    return reload(try admin.request())
  }

  private static func reload(_ request: AdminRequest) -> Int32 {
    guard let (status, value) = request.send("POST", "/reload") else { return ExitCode.failure }
    guard let outcomes = value.elements else {
      complain("nothing is loaded anew: \(value["error"]?.text ?? "\(request.admin) answers \(status)")")
      return ExitCode.failure
    }
    let sound = outcomes.map(tell)
    if outcomes.isEmpty { say("there was nothing to load") }
    return sound.allSatisfy { $0 } ? ExitCode.success : ExitCode.failure
  }

  /// Tells one outcome; false when it is a failure.
  private static func tell(_ outcome: TalkValue) -> Bool {
    let subject = outcome["subject"]?.text ?? "?"
    if let error = outcome["error"]?.text {
      complain("\(subject) is not reloaded, the version before runs on: \(error)")
      return false
    }
    if let changes = outcome["changes"]?.texts {
      for change in changes { say("ok  \(subject): \(change)") }
      return true
    }
    let microseconds = outcome["microseconds"]?.number ?? 0
    say("ok  \(subject) (version \(outcome["version"]?.text ?? "?")), loaded in \(microseconds) us")
    for remark in outcome["remarks"]?.texts ?? [] { complain(remark) }
    return true
  }

  private static let help = """
    lobbyist reload \(AdminOptions.usage)

    Has a running relay load its configuration, its scripts and what they require anew. Nobody is disconnected but the
    peers of mounts that are gone. Exit code 1 when something does not load: then what ran before runs on.

    \(AdminOptions.help)
    """
}
