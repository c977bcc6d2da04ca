/// The command line of `lobbyist bench`.
struct BenchOptions: Equatable, Sendable {
  var target: Target?
  var pid: Int32?
  var isEcho = false
  var protocolName = Protocols.godot.name
  /// Nil: all of them.
  var only: Set<Part>?
  var pairs = 8
  var seconds = 1.5
  var warmUpSeconds = 0.3
  var rounds = 5
  var messageBytes = [200, 2500]
  var inFlight = [1, 16]
  var idle = 10_000
  var joinedPercent = 100
  /// In the reload part.
  var peers = 10_000
  var json = false
  var help = false
  var withNode = true
  var nodeServer: String?
  /// Passed on to `lobbyist serve`.
  var serveArguments: [String] = []
  /// Empty: the usual ones.
  var plugins = PluginChain.none

  /// How the server at the URL is driven.
  func workload() throws(BenchError) -> Workload { isEcho ? .echo : .pairs(try Protocols.named(protocolName)) }

  /// Whether a part of the programme is to be run.
  func wants(_ part: Part) -> Bool { only?.contains(part) ?? true }

  /// Differences between two servers are small beside what a round varies by: they want more rounds, not longer ones.
  var pairedRounds: Int { rounds * 3 }

  /// The reload part has no rounds: it is one long one.
  var reloadSeconds: Double { seconds * Double(rounds) * 4 }

  static func parse(_ arguments: [String]) throws(BenchError) -> BenchOptions {
    var options = BenchOptions()
    var words = arguments[...]
    if words.contains("--quick") { options.hurry() }
    while let word = words.popFirst() {
      switch word {
      case "--help", "-h": options.help = true
      case "--quick": continue
      case "--json": options.json = true
      case "--echo": options.isEcho = true
      case "--no-node": options.withNode = false
      case "--":
        options.serveArguments = Array(words)
        words = []
      case _ where word.hasPrefix("--"):
        guard let value = words.popFirst() else { throw .usage("\(word) is unknown or lacks its value") }
        try options.set(word, value)
      default:
        guard options.target == nil else { throw .usage("there is more than one URL: '\(word)'") }
        options.target = try Target.parse(word)
      }
    }
    try options.check()
    return options
  }

  private mutating func hurry() {
    seconds = 1
    warmUpSeconds = 0.2
    rounds = 1
    idle = 1000
    peers = 1000
  }

  private mutating func set(_ name: String, _ value: String) throws(BenchError) {
    switch name {
    case "--url": target = try Target.parse(value)
    case "--pid": pid = Int32(try Self.integer(name, value, 1...Int(Int32.max)))
    case "--pairs": pairs = try Self.integer(name, value, 1...4096)
    case "--rounds": rounds = try Self.integer(name, value, 1...1000)
    case "--idle": idle = try Self.integer(name, value, 0...1_000_000)
    case "--peers": peers = try Self.integer(name, value, 0...1_000_000)
    case "--joined": joinedPercent = try Self.integer(name, value, 0...100)
    case "--seconds": seconds = try Self.duration(name, value)
    case "--warm-up": warmUpSeconds = try Self.duration(name, value)
    case "--bytes": messageBytes = try Self.integers(name, value, 64...65_000)
    case "--in-flight": inFlight = try Self.integers(name, value, 1...1024)
    case "--node-server": nodeServer = value
    case "--only": only = try Part.list(value)
    case "--protocol": protocolName = try Protocols.named(value).name
    case "--plugin": plugins.files.append(value)
    case "--set": plugins.settings.append(value)
    default: throw .usage("there is no option \(name); see lobbyist bench --help")
    }
  }

  private func check() throws(BenchError) {
    for setting in plugins.settings where !plugins.names.contains(where: { setting.hasPrefix($0 + ".") }) {
      throw .usage("--set takes PLUGIN.SETTING=VALUE of a plugin that --plugin names, not '\(setting)'")
    }
    guard target == nil else { return try checkWithURL() }
    if pid != nil { throw .usage("--pid says whose CPU time to read; it needs the server's URL too") }
    if isEcho { throw .usage("--echo needs the URL of an echo server") }
    if protocolName != Protocols.godot.name { throw .usage("--protocol says what the server at a URL speaks") }
  }

  private func checkWithURL() throws(BenchError) {
    if !serveArguments.isEmpty { throw .usage("options after -- are for the relay that bench starts; drop the URL") }
    if only != nil { throw .usage("--only chooses among the servers that bench starts; drop the URL") }
    if !plugins.files.isEmpty { throw .usage("--plugin is for the relay that bench starts; drop the URL") }
    if isEcho, protocolName != Protocols.godot.name { throw .usage("a server is an echo or speaks a protocol") }
  }

  private static func integer(_ name: String, _ text: String, _ range: ClosedRange<Int>) throws(BenchError) -> Int {
    guard let value = Int(text), range.contains(value) else {
      throw .usage("\(name) takes a number from \(range.lowerBound) to \(range.upperBound), not '\(text)'")
    }
    return value
  }

  private static func integers(
    _ name: String, _ text: String, _ range: ClosedRange<Int>
  ) throws(BenchError) -> [Int] {
    var values: [Int] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      values.append(try integer(name, String(part), range))
    }
    return values
  }

  private static func duration(_ name: String, _ text: String) throws(BenchError) -> Double {
    guard let value = Double(text), (0...3600).contains(value) else {
      throw .usage("\(name) takes seconds from 0 to 3600, not '\(text)'")
    }
    return value
  }
}
