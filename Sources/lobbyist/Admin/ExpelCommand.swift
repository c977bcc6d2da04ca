import Conversation
import Deployment

/// `lobbyist kick`, `close`, `ban` and `unban`: has somebody leave a running relay, or come back.
struct ExpelCommand {
  private let name: String
  /// The member of the request that the operand is, and how the help calls it.
  private let member: String
  private let operand: String
  private let options: [Option]
  private let summary: String
  /// What was done, in words.
  private let told: @Sendable (TalkValue) -> String

  private struct Option: Sendable {
    let name: String
    let isNumber: Bool
    let summary: String
  }

  private static let farewell = [
    Option(name: "code", isNumber: true, summary: "the close code, 1000 to 4999 (default 1008)"),
    Option(name: "reason", isNumber: false, summary: "what they are told"),
  ]

  static let kick = ExpelCommand(
    name: "kick", member: "peer", operand: "PEER", options: farewell,
    summary: "Closes one peer's connection; its name, such as 17.3, is in the log and in 'lobbyist lobbies --members'.",
    told: { "peer \($0["peer"]?.text ?? "?") is closed with \($0["code"]?.number ?? 0)" })

  static let close = ExpelCommand(
    name: "close", member: "lobby", operand: "LOBBY",
    options: [Option(name: "mount", isNumber: false, summary: "of which mount (default /)")] + farewell,
    summary: "Closes the connection of every member of a lobby, and deletes it.",
    told: { "the lobby is deleted, \(Figure.count($0["closed"]?.number ?? 0, "member is", "members are")) closed" })

  static let ban = ExpelCommand(
    name: "ban", member: "address", operand: "ADDRESS",
    options: [Option(name: "seconds", isNumber: true, summary: "for how long (default 600)")],
    summary: "Lets nobody in from an address, in IPv6 from its /64, and closes those who are there.",
    told: {
      let closed = Figure.count($0["closed"]?.number ?? 0, "peer is", "peers are")
      return "\($0["address"]?.text ?? "?") is banned for \($0["seconds"]?.number ?? 0) s, \(closed) closed"
    })

  static let unban = ExpelCommand(
    name: "unban", member: "address", operand: "ADDRESS", options: [], summary: "Ends a ban.",
    told: { "\($0["address"]?.text ?? "?") is let in again" })

  func run(_ arguments: [String]) throws(UsageError) -> Int32 {
    var words = Options(arguments)
    var admin = AdminOptions()
    var members: [TalkValue.Member] = []
    var subject: String?
    while let word = try words.next() {
      switch word {
      case .operand(let text) where subject == nil: subject = text
      case .operand(let text): throw UsageError("\(name) takes one \(operand), not also '\(text)'")
      case .option("--help"):
        say(help)
        return ExitCode.success
      case .option(let option) where try admin.read(option, &words): break
      case .option(let option): members.append(try read(option, &words))
      }
    }
    guard let subject else { throw UsageError("\(name) wants \(operand)") }
    let body = TalkValue.object([.init(member, .string(subject))] + members).json
    guard let answer = try admin.request().fetch("/\(name)", posting: body) else { return ExitCode.failure }
    say("ok  " + told(answer))
    return ExitCode.success
  }

  private func read(_ option: String, _ words: inout Options) throws(UsageError) -> TalkValue.Member {
    guard let known = options.first(where: { "--\($0.name)" == option }) else {
      throw UsageError("\(name) has no option '\(option)'")
    }
    let text = try words.value(of: option)
    guard known.isNumber else { return .init(known.name, .string(text)) }
    guard let number = Int64(text) else { throw UsageError("\(option) is a whole number, not '\(text)'") }
    return .init(known.name, .integer(number))
  }

  private var help: String {
    let lines = options.map { option in
      let left = "  --\(option.name) \(option.isNumber ? "N" : "TEXT")"
      return left + String(repeating: " ", count: 27 - left.count) + option.summary
    }
    return (["lobbyist \(name) \(operand) [OPTIONS]", "", summary, ""] + lines + [AdminOptions.help])
      .joined(separator: "\n")
  }
}
