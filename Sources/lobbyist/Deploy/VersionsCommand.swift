import Conversation
import Deployment
import Glibc

/// `lobbyist versions`: what was deployed to a running relay, and what runs.
enum VersionsCommand {
  static func run(_ arguments: [String]) throws(UsageError) -> Int32 {
    var options = Options(arguments)
    var admin = AdminOptions()
    var isJSON = false
    while let word = try options.next() {
      switch word {
      case .option("--json"): isJSON = true
      case .option("--help"):
        say(help)
        return ExitCode.success
      case .option(let name) where try admin.read(name, &options): break
      case .option(let name): throw UsageError("versions has no option '\(name)'")
      case .operand(let text): throw UsageError("versions takes no '\(text)'")
      }
    }
    return list(try admin.request(), isJSON)
  }

  private static func list(_ request: AdminRequest, _ isJSON: Bool) -> Int32 {
    guard let (_, value) = request.send("GET", "/deployments") else { return ExitCode.failure }
    if isJSON {
      say(String(decoding: value.json, as: UTF8.self))
      return ExitCode.success
    }
    let mounts = value["mounts"]?.elements ?? []
    if mounts.isEmpty { say("this relay keeps no deployments: it was started without --deployments") }
    for mount in mounts { tell(mount) }
    return ExitCode.success
  }

  private static func tell(_ mount: TalkValue) {
    let running = mount["running"]?.number ?? 0
    let runs = mount["version"]?.text ?? "?"
    say("\(mount["mount"]?.text ?? "?")")
    row(0, running, running == 0 ? runs : "", "as the relay was started", mount["script"]?.text)
    for deployment in mount["deployments"]?.elements ?? [] {
      let number = deployment["number"]?.number ?? 0
      // What the mount's own plugins and settings are by now may have changed its version.
      let version = number == running ? runs : deployment["version"]?.text ?? "?"
      row(number, running, version, time(deployment["deployed_at"]?.number ?? 0), deployment["script"]?.text)
    }
    for finishing in mount["finishing"]?.elements ?? [] {
      let count = finishing["lobbies"]?.number ?? 0
      let lobbies = count == 1 ? "1 lobby" : "\(count) lobbies"
      say("   on version \(finishing["version"]?.text ?? "?"): \(lobbies) to finish")
    }
  }

  private static func row(_ number: Int, _ running: Int, _ version: String, _ when: String, _ script: String?) {
    func padded(_ text: String, _ width: Int) -> String {
      text + String(repeating: " ", count: max(0, width - text.count))
    }
    let mark = number == running ? "*" : " "
    let place = String(repeating: " ", count: max(0, 4 - "\(number)".count)) + "\(number)"
    say("\(mark)\(place)  \(padded(version, 8))  \(padded(when, 24))  \(script ?? "?")")
  }

  /// RFC 3339 in UTC.
  private static func time(_ seconds: Int) -> String {
    var time = time_t(seconds)
    var parts = unsafe tm()
    unsafe gmtime_r(&time, &parts)
    var text = [CChar](repeating: 0, count: 32)
    let count = unsafe strftime(&text, text.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
    return String(decoding: text[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  private static let help = """
    lobbyist versions [--json] \(AdminOptions.usage)

    Lists for each mount of a running relay what was deployed: number, version, time and script. The one that
    runs has a star; 0 is the files that the relay was started with. 'lobbyist rollback NUMBER' goes to one of them.

    \(AdminOptions.help)
    """
}
