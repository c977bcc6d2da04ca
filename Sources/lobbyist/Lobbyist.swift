import Bench
import Glibc
import Reactor

/// The command line: one word chooses the command, the rest is its business.
@main
enum Lobbyist {
  static let version = "0.1.0"

  static func main() {
    ChildBeginnings.keepEnds()
    exit(run(Array(CommandLine.arguments.dropFirst())))
  }

  private static func run(_ arguments: [String]) -> Int32 {
    let rest = Array(arguments.dropFirst())
    switch arguments.first {
    case Trial.command: return Trial.run(rest)
    case "bench": return BenchCommand.run(rest, policies: BenchPolicy.self)
    case "--version": say("lobbyist \(version)")
    case "--help", "-h", "help": say(help)
    case let word? where !word.hasPrefix("-"): return run(word, rest)
    default: return run("serve", arguments)
    }
    return ExitCode.success
  }

  private typealias Command = @Sendable ([String]) throws(UsageError) -> Int32

  private static let commands: [(name: String, run: Command)] = [
    ("serve", ServeCommand.run), ("new", NewCommand.run), ("check", CheckCommand.run), ("test", TestCommand.run),
    ("talk", TalkCommand.run), ("status", StatusCommand.run), ("lobbies", LobbiesCommand.run),
    ("kick", ExpelCommand.kick.run), ("close", ExpelCommand.close.run), ("ban", ExpelCommand.ban.run),
    ("unban", ExpelCommand.unban.run), ("reload", ReloadCommand.run), ("deploy", DeployCommand.run),
    ("versions", VersionsCommand.run), ("rollback", RollbackCommand.run), ("drain", DrainCommand.run),
    ("upgrade", UpgradeCommand.run), ("log", LogCommand.run), ("replay", ReplayCommand.run),
  ]

  private static func run(_ name: String, _ arguments: [String]) -> Int32 {
    do throws(UsageError) {
      if let command = commands.first(where: { $0.name == name }) { return try command.run(arguments) }
      let known = commands.map(\.name).joined(separator: ", ") + " and bench"
      complain("there is no command '\(name)'. There are \(known); see 'lobbyist --help'")
    } catch {
      complain("\(error.message). See 'lobbyist \(name) --help'")
    }
    return ExitCode.usage
  }

  private static let help = """
    lobbyist \(version), the lobby relay whose policy is a Lua script

    lobbyist [serve] [OPTIONS]    serve a policy (the Godot demo's, on port 9080, unless told otherwise)
    lobbyist new NAME             write a policy, or a plugin, to start from, and its conversation
    lobbyist check SCRIPT...      load scripts, or a configuration, and report what is wrong with them
    lobbyist test [PATH...]       play conversations (*.talk) and run unit tests (*_test.lua), without sockets
    lobbyist talk URL FILE...     play the same conversations against a live server
    lobbyist status               tell how a running relay does
    lobbyist lobbies              list its lobbies, and who is in them
    lobbyist kick PEER            close the connection of one peer
    lobbyist close LOBBY          close those of all members of a lobby, and delete it
    lobbyist ban ADDRESS          let nobody in from an address for a while
    lobbyist unban ADDRESS        let them in again
    lobbyist reload               have a running relay load its scripts anew
    lobbyist deploy SCRIPT        send a script to a running relay, which tries it and puts it into service
    lobbyist versions             list what was deployed to a running relay
    lobbyist rollback [NUMBER]    go back to what ran before the last deployment
    lobbyist drain                let lobbies finish, then end a running relay
    lobbyist upgrade              let a new binary take over from a running relay
    lobbyist log [LEVEL]          tell from which level on it logs, or set that
    lobbyist replay RECORDING     run what 'serve --record' wrote against another version of the script
    lobbyist bench [URL]          measure a relay

    'lobbyist COMMAND --help' tells the options of a command.
    """
}

enum ExitCode {
  static let success: Int32 = 0
  static let failure: Int32 = 1
  static let usage: Int32 = 2
}

/// A line on standard output, at once: whoever started the relay through a pipe waits for it.
func say(_ text: String) { write(text + "\n", to: STDOUT_FILENO) }

/// A line on standard error that says what is wrong and what to do.
func complain(_ text: String) { tell("lobbyist: \(text)") }

/// A line on standard error as it is.
func tell(_ text: String) { write(text + "\n", to: STDERR_FILENO) }

private func write(_ line: String, to descriptor: Int32) {
  var line = line
  line.withUTF8 { bytes in _ = unsafe Glibc.write(descriptor, bytes.baseAddress, bytes.count) }
}
