import Conversation
import Deployment
import Glibc

/// `lobbyist drain`: ends a running relay once its lobbies have finished.
enum DrainCommand {
  static func run(_ arguments: [String]) throws(UsageError) -> Int32 {
    var options = Options(arguments)
    var admin = AdminOptions()
    var seconds: Int?
    var isWaiting = false
    while let word = try options.next() {
      switch word {
      case .option("--seconds"): seconds = try LifeOptions.seconds(&options)
      case .option("--wait"): isWaiting = true
      case .option("--help"):
        say(help)
        return ExitCode.success
      case .option(let name) where try admin.read(name, &options): break
      case .option(let name): throw UsageError("drain has no option '\(name)'")
      case .operand(let text): throw UsageError("drain takes no '\(text)'")
      }
    }
    return drain(try admin.request(), seconds, isWaiting)
  }

  private static func drain(_ request: AdminRequest, _ seconds: Int?, _ isWaiting: Bool) -> Int32 {
    guard let (status, value) = request.send("POST", "/drain", LifeOptions.body(seconds)) else {
      return ExitCode.failure
    }
    guard status == 200, let granted = value["seconds"]?.number, let left = value["connections"]?.number else {
      complain("the relay does not drain: \(value["error"]?.text ?? "HTTP \(status)")")
      return ExitCode.failure
    }
    say("draining for \(granted) s at the most: \(left) connections are left")
    if isWaiting { wait(request, left) }
    return ExitCode.success
  }

  /// Until nobody answers any longer, or another relay does that was started in its place.
  private static func wait(_ request: AdminRequest, _ left: Int) {
    var told = left
    while let reply = try? request.ask("GET", "/status") {
      let value = try? TalkValue(parsing: reply.body)
      if value?["readiness"]?.text == "ready" { break }
      if let left = value?["connections"]?.number, left != told {
        told = left
        // The one that asks is among them.
        say("\(max(0, left - 1)) connections are left")
      }
      sleep(1)
    }
    say("the relay has ended")
  }

  private static let help = """
    lobbyist drain [--seconds N] [--wait] \(AdminOptions.usage)

    Has the relay let in nobody new, tell its scripts (on_drain), and end when all lobbies have finished or the time is
    over. Whoever is left then is closed with code 1001.

      --seconds N              the time (default: the relay's limit drain_milliseconds, or 60 s); 0 ends it now
      --wait                   wait until it has ended, and tell how many are left
    \(AdminOptions.help)
    """
}

/// What `drain` and `upgrade` have in common.
enum LifeOptions {
  static func seconds(_ options: inout Options) throws(UsageError) -> Int {
    let text = try options.value(of: "--seconds")
    guard let seconds = Int(text), seconds >= 0 else {
      throw UsageError("--seconds is a whole number from 0 on, not '\(text)'")
    }
    return seconds
  }

  static func body(_ seconds: Int?) -> [UInt8] {
    var members: [TalkValue.Member] = []
    if let seconds { members.append(.init("seconds", .integer(Int64(seconds)))) }
    return TalkValue.object(members).json
  }
}
