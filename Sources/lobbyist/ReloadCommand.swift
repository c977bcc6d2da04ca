import Conversation

/// `lobbyist reload`: has a running relay load its scripts anew, and tells what became of it.
enum ReloadCommand {
  static let defaultAdmin = "127.0.0.1:9081"

  static func run(_ arguments: [String]) -> Int32 {
    do throws(UsageError) {
      var options = Options(arguments)
      var admin = defaultAdmin
      while let word = try options.next() {
        switch word {
        case .option("--admin"): admin = try options.value(of: "--admin")
        case .option("--help"):
          say(help)
          return ExitCode.success
        case .option(let name): throw UsageError("reload has no option '\(name)'")
        case .operand(let text): throw UsageError("reload takes no '\(text)'")
        }
      }
      return reload(admin)
    } catch {
      complain("\(error.message). See 'lobbyist reload --help'")
      return ExitCode.usage
    }
  }

  private static func reload(_ admin: String) -> Int32 {
    do {
      let stage = try LiveStage(LiveTarget(url: "ws://\(admin)"))
      let reply = try stage.fetch(PlainRequest(method: "POST", path: "/reload"))
      guard case .array(let outcomes) = try TalkValue(parsing: reply.body) else {
        complain("\(admin) is not the admin listener of a relay: it answers \(reply.status)")
        return ExitCode.failure
      }
      let sound = outcomes.map(tell)
      if outcomes.isEmpty { say("there was nothing to load") }
      return sound.allSatisfy { $0 } ? ExitCode.success : ExitCode.failure
    } catch let error as StageError {
      complain("\(error.message). The relay listens there when it was started with --admin \(admin)")
    } catch {
      complain("\(admin) is not the admin listener of a relay")
    }
    return ExitCode.failure
  }

  /// Tells one outcome; false when it is a failure.
  private static func tell(_ outcome: TalkValue) -> Bool {
    guard case .object(let members) = outcome else { return false }
    func text(_ name: String) -> String? {
      members.first { $0.key == Array(name.utf8) }.map { String(decoding: $0.value.plain, as: UTF8.self) }
    }
    let subject = text("subject") ?? "?"
    if let error = text("error") {
      complain("\(subject) is not reloaded, the version before runs on: \(error)")
      return false
    }
    func texts(_ name: String) -> [String]? {
      guard case .array(let texts) = members.first(where: { $0.key == Array(name.utf8) })?.value else { return nil }
      return texts.map { String(decoding: $0.plain, as: UTF8.self) }
    }
    if let changes = texts("changes") {
      for change in changes { say("ok  \(subject): \(change)") }
      return true
    }
    say("ok  \(subject) (version \(text("version") ?? "?")), loaded in \(text("microseconds") ?? "?") us")
    for remark in texts("remarks") ?? [] { complain(remark) }
    return true
  }

  private static let help = """
    lobbyist reload [--admin ADDRESS:PORT]

    Has the relay whose admin listener is there (default \(defaultAdmin)) load its configuration, its scripts and
    what they require anew. Nobody is disconnected but the peers of mounts that are gone. Exit code 1 when
    something does not load: then what ran before runs on.
    """
}
