import Conversation
import Deployment

/// `lobbyist lobbies`: the lobbies of a running relay, and who is in them.
enum LobbiesCommand {
  private struct Plan {
    var query: [(name: String, value: String)] = []
    var tellsMembers = false
    var isJSON = false
    var admin = AdminOptions()
  }

  static func run(_ arguments: [String]) throws(UsageError) -> Int32 {
    guard let plan = try plan(arguments) else {
      say(help)
      return ExitCode.success
    }
    let query = plan.query.map { "\($0.name)=\(encoded($0.value))" }.joined(separator: "&")
    guard let value = try plan.admin.request().fetch("/lobbies" + (query.isEmpty ? "" : "?\(query)")) else {
      return ExitCode.failure
    }
    if plan.isJSON { say(String(decoding: value.json, as: UTF8.self)) } else { tell(value, plan) }
    return ExitCode.success
  }

  /// Nil when the help is asked for.
  private static func plan(_ arguments: [String]) throws(UsageError) -> Plan? {
    var options = Options(arguments)
    var plan = Plan()
    while let word = try options.next() {
      switch word {
      case .option("--json"): plan.isJSON = true
      case .option("--members"): plan.tellsMembers = true
      case .option("--help"): return nil
      case .option(let name) where ["--mount", "--name", "--from", "--count"].contains(name):
        plan.query.append((String(name.dropFirst(2)), try options.value(of: name)))
      case .option(let name) where try plan.admin.read(name, &options): break
      case .option(let name): throw UsageError("lobbies has no option '\(name)'")
      case .operand(let text): throw UsageError("lobbies takes no '\(text)': --name \(text) finds it")
      }
    }
    return plan
  }

  private static func tell(_ answer: TalkValue, _ plan: Plan) {
    let lobbies = answer["lobbies"]?.elements ?? []
    let total = answer["total"]?.number ?? 0
    var table = TextTable([
      ("LOBBY", .left), ("MOUNT", .left), ("MEMBERS", .right), ("SEALED", .left), ("AGE", .right), ("VERSION", .left),
    ])
    for lobby in lobbies {
      table.add([
        lobby["name"]?.text ?? "?", lobby["mount"]?.text ?? "?", Figure.count(lobby["members_total"]?.number ?? 0),
        lobby["sealed"]?.flag == true ? "yes" : "no", age(lobby), lobby["version"]?.text ?? "?",
      ])
      if plan.tellsMembers { add(lobby["members"]?.elements ?? [], to: &table) }
    }
    if !table.isEmpty {
      for line in table.lines { say(line) }
      say("")
    }
    let from = plan.query.last { $0.name == "from" }.flatMap { Int($0.value) } ?? 0
    let more = total - from - lobbies.count
    let rest = more > 0 && !lobbies.isEmpty ? ", \(Figure.count(more)) more with --from \(from + lobbies.count)" : ""
    say(Figure.count(total, "lobby", "lobbies") + rest)
  }

  private static func age(_ lobby: TalkValue) -> String { Figure.duration(seconds: lobby["age_seconds"]?.floor ?? 0) }

  private static func add(_ members: [TalkValue], to table: inout TextTable) {
    for member in members {
      let id = member["id"].map { String(decoding: $0.plain, as: UTF8.self) } ?? "?"
      let peer = member["peer"]?.text.map { "peer \($0)" } ?? "kept without a connection"
      table.add(["  \(id): \(peer) from \(member["address"]?.text ?? "?")", "", "", "", "", ""])
    }
  }

  /// Percent-encoding (RFC 3986 §2.1).
  private static func encoded(_ text: String) -> String {
    text.utf8.reduce(into: "") { encoded, byte in
      let scalar = UnicodeScalar(byte)
      if byte < 0x80, scalar.properties.isAlphabetic || scalar.properties.numericType != nil {
        encoded.unicodeScalars.append(scalar)
      } else {
        let digits = String(byte, radix: 16, uppercase: true)
        encoded += "%" + (digits.count < 2 ? "0" : "") + digits
      }
    }
  }

  private static let help = """
    lobbyist lobbies [OPTIONS]

    Lists the lobbies of a running relay. Exit code 1 when no relay answers.

      --mount NAME             those of one mount (see 'lobbyist status')
      --name TEXT              those whose name contains this
      --members                with their members: id in the lobby, peer and address
      --from N                 leave out the first N
      --count N                so many at the most (default 100, at most 1000)
      --json                   as the relay says it: GET /lobbies
    \(AdminOptions.help)
    """
}
