import Deployment

/// `lobbyist rollback`: goes back to what ran before the last deployment, or to any other.
enum RollbackCommand {
  static func run(_ arguments: [String]) throws(UsageError) -> Int32 {
    var options = Options(arguments)
    var request = RollbackRequest()
    var admin = AdminOptions()
    while let word = try options.next() {
      switch word {
      case .operand(let text):
        guard request.to == nil, let number = Int(text), number >= 0 else {
          throw UsageError("rollback takes the number of one deployment, not '\(text)'")
        }
        request.to = number
      case .option("--new-lobbies"): request.newLobbies = true
      case .option("--mount"): request.mount = try options.value(of: "--mount")
      case .option("--help"):
        say(help)
        return ExitCode.success
      case .option(let name) where try admin.read(name, &options): break
      case .option(let name): throw UsageError("rollback has no option '\(name)'")
      }
    }
    return try admin.request().change("/rollback", request.json)
  }

  private static let help = """
    lobbyist rollback [NUMBER] [--mount NAME] [--new-lobbies] [OPTIONS]

    Has a running relay go back to the deployment that ran before the one that runs, or to this NUMBER (see 'lobbyist
    versions'); 0 is the files that it was started with. Nobody is disconnected. Exit code 1 when there is none or it
    does not load: then what ran runs on.

      --new-lobbies            lobbies that exist finish on the version that they began with
      --mount NAME             where, if the relay has several mounts
    \(AdminOptions.help)
    """
}
