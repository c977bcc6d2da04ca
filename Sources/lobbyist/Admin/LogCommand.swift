import Conversation
import Deployment
import Relay

/// `lobbyist log`: tells from which level on a running relay logs, or has it log from another one.
enum LogCommand {
  static func run(_ arguments: [String]) throws(UsageError) -> Int32 {
    var options = Options(arguments)
    var admin = AdminOptions()
    var level: Log.Level?
    while let word = try options.next() {
      switch word {
      case .option("--help"):
        say(help)
        return ExitCode.success
      case .option(let name) where try admin.read(name, &options): break
      case .option(let name): throw UsageError("log has no option '\(name)'")
      case .operand(let text):
        guard level == nil else { throw UsageError("log takes one level, not also '\(text)'") }
        level = Log.Level(text)
        if level == nil { throw UsageError("log takes error, warning, info or debug, not '\(text)'") }
      }
    }
    let request = try admin.request()
    return level.map { change(to: $0, request) } ?? tell(request)
  }

  private static func tell(_ request: AdminRequest) -> Int32 {
    guard let value = request.fetch("/log") else { return ExitCode.failure }
    say(value["level"]?.text ?? "?")
    return ExitCode.success
  }

  private static func change(to level: Log.Level, _ request: AdminRequest) -> Int32 {
    let body = TalkValue.object([.init("level", .string("\(level)"))]).json
    guard let value = request.fetch("/log", posting: body) else { return ExitCode.failure }
    say("ok  the log's level is \(level), it was \(value["former"]?.text ?? "?")")
    return ExitCode.success
  }

  private static let help = """
    lobbyist log [error | warning | info | debug] \(AdminOptions.usage)

    Tells from which level on a running relay logs, or has it log from another one: until its configuration says
    something else about the log, or until it ends.

    \(AdminOptions.help)
    """
}
