import Conversation
import Deployment

/// `lobbyist status`: how a running relay does.
enum StatusCommand {
  static func run(_ arguments: [String]) throws(UsageError) -> Int32 {
    var options = Options(arguments)
    var admin = AdminOptions()
    var isJSON = false
    var probe: String?
    while let word = try options.next() {
      switch word {
      case .option("--json"): isJSON = true
      case .option("--health"): probe = "/healthz"
      case .option("--ready"): probe = "/readyz"
      case .option("--help"):
        say(help)
        return ExitCode.success
      case .option(let name) where try admin.read(name, &options): break
      case .option(let name): throw UsageError("status has no option '\(name)'")
      case .operand(let text): throw UsageError("status takes no '\(text)'")
      }
    }
    if isJSON, probe != nil { throw UsageError("--json is for the whole status, not for --health or --ready") }
    if let probe { return try admin.request().probe(probe) }
    guard let value = try admin.request().fetch("/status") else { return ExitCode.failure }
    if isJSON { say(String(decoding: value.json, as: UTF8.self)) } else { tell(value) }
    return ExitCode.success
  }

  private static func tell(_ status: TalkValue) {
    let uptime = Figure.duration(seconds: status["uptime_seconds"]?.number ?? 0)
    let connections = Figure.count(status["connections"]?.number ?? 0, "connection", "connections")
    say("up for \(uptime), \(connections), \(status["readiness"]?.text ?? "?")")
    say("")
    for line in table(status["mounts"]?.elements ?? []).lines { say(line) }
    let slow = (status["mounts"]?.elements ?? []).compactMap { $0["counters"]?["slow_readers_closed"]?.number }
    var counted = [("slow readers closed", slow.reduce(0, +))]
    for member in status["relay"]?.members ?? [] where isTrouble(member.key) {
      let name = String(decoding: member.key, as: UTF8.self)
      let whole = parts[name].map { " (of those \($0))" } ?? ""
      counted.append((name.replacing("_", with: " ") + whole, member.value.number ?? 0))
    }
    let told = counted.filter { $0.1 > 0 }
    if !told.isEmpty { say("") }
    for (name, count) in told { say("\(name): \(Figure.count(count))") }
  }

  /// Counters of something that another counter counts as well.
  private static let parts = [
    "refused_per_address": "refused at limit", "refused_by_rate": "refused at limit",
    "refused_by_policy": "handshakes refused",
  ]

  private static func table(_ mounts: [TalkValue]) -> TextTable {
    var table = TextTable([
      ("MOUNT", .left), ("SCRIPT", .left), ("VERSION", .left), ("PEERS", .right), ("LOBBIES", .right), ("IN", .right),
      ("OUT", .right), ("DROPPED", .right), ("FAILURES", .right), ("MEMORY", .right),
    ])
    for mount in mounts {
      func count(_ name: String) -> String { Figure.count(mount["counters"]?[name]?.number ?? 0) }
      table.add([
        mount["mount"]?.text ?? "?", mount["script"]?["path"]?.text ?? "?", mount["version"]?.text ?? "?",
        Figure.count(mount["peers"]?.number ?? 0), Figure.count(mount["lobbies"]?.number ?? 0), count("messages_in"),
        count("messages_out"), count("messages_dropped"), count("hook_failures"),
        "\((mount["script_bytes"]?.number ?? 0) / 1024) KiB",
      ])
    }
    return table
  }

  /// Whether a counter is about something that somebody should look into.
  private static func isTrouble(_ name: [UInt8]) -> Bool {
    ![
      "accepted", "upgraded", "bytes_in", "bytes_out", "reloads", "deployments", "rollbacks",
    ].contains(String(decoding: name, as: UTF8.self))
  }

  private static let help = """
    lobbyist status [--json | --health | --ready] \(AdminOptions.usage)

    Tells how a running relay does: for each mount its script and version, its peers and lobbies, the messages that
    came in and went out, those left out for slow readers, hook calls that failed and the script's memory; then who was
    turned away and why. Exit code 1 when no relay answers.

      --json                   as the relay says it: GET /status
      --health                 only whether it serves, for which no token is needed: for containers
      --ready                  only whether newcomers should be sent to it: not while it drains
    \(AdminOptions.help)
    """
}
