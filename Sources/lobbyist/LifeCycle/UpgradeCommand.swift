import Conversation
import Deployment

/// `lobbyist upgrade`: has a running relay start the program that is now in its place, and hand its sockets over.
enum UpgradeCommand {
  static func run(_ arguments: [String]) throws(UsageError) -> Int32 {
    var options = Options(arguments)
    var admin = AdminOptions()
    var seconds: Int?
    while let word = try options.next() {
      switch word {
      case .option("--seconds"): seconds = try LifeOptions.seconds(&options)
      case .option("--help"):
        say(help)
        return ExitCode.success
      case .option(let name) where try admin.read(name, &options): break
      case .option(let name): throw UsageError("upgrade has no option '\(name)'")
      case .operand(let text): throw UsageError("upgrade takes no '\(text)'")
      }
    }
    return upgrade(try admin.request(), seconds)
  }

  private static func upgrade(_ request: AdminRequest, _ seconds: Int?) -> Int32 {
    guard let (status, value) = request.send("POST", "/upgrade", LifeOptions.body(seconds)) else {
      return ExitCode.failure
    }
    guard status == 200, let process = value["process"]?.number, let granted = value["seconds"]?.number,
      let left = value["connections"]?.number
    else {
      complain("there is no hand-over, and what ran runs on: \(value["error"]?.text ?? "HTTP \(status)")")
      return ExitCode.failure
    }
    say(
      "process \(process) serves now. The one before drains for \(granted) s at the most: \(left) connections are left")
    return ExitCode.success
  }

  private static let help = """
    lobbyist upgrade [--seconds N] \(AdminOptions.usage)

    Has the relay start the program that is now where it was started from, with the same arguments, and hand it the
    sockets that it listens on: nobody who connects is refused. The relay before drains then. Exit code 1 when the new
    one does not serve: then the one that ran serves on.

      --seconds N              the time for draining (default: the relay's limit drain_milliseconds, or 60 s)
    \(AdminOptions.help)
    """
}
