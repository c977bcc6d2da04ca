import Conversation
import Reactor

/// `lobbyist talk`: plays conversations against a live server, this relay or any other.
enum TalkCommand {
  static func run(_ arguments: [String]) throws(UsageError) -> Int32 {
    var options = Options(arguments)
    var operands: [String] = []
    var trust = TrustOptions()
    while let word = try options.next() {
      switch word {
      case .operand(let operand): operands.append(operand)
      case .option("--help"):
        say(help)
        return ExitCode.success
      case .option(let name) where try trust.read(name, &options): break
      case .option(let name): throw UsageError("talk has no option '\(name)'")
      }
    }
    guard operands.count >= 2 else { throw UsageError("talk wants a URL and at least one file") }
    return try play(operands[0], trust.trust, Array(operands.dropFirst()))
  }

  private static func play(
    _ url: String, _ trust: TLSContext.Trust, _ paths: [String]
  ) throws(UsageError) -> Int32 {
    let stage: LiveStage
    do throws(StageError) {
      stage = try LiveStage(url: url, trust: trust)
    } catch {
      throw UsageError(error.message)
    }
    if let error = Files.missing(among: paths) { throw UsageError(error.message) }
    do throws(StageError) {
      try stage.knock()
    } catch {
      complain("\(error.message). Is the server running? 'lobbyist serve' starts one")
      return ExitCode.failure
    }
    return TalkFiles.play(paths, on: stage) { say($0) } ? ExitCode.success : ExitCode.failure
  }

  private static let help = """
    lobbyist talk [--ca FILE | --insecure] URL FILE...

    Plays the conversations of each .talk file (or folder) against the server at URL, for example
    ws://localhost:9080. Time is real, settings and limits are the server's own.

    The certificate of a wss:// server is checked against those that this system trusts.
      --ca FILE    against those in this file instead, PEM
      --insecure   not at all: whoever is in between can listen
    """
}
