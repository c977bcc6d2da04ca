/// The command line of `lobbyist bench`.
struct BenchOptions: Equatable, Sendable {
  var target: Target?
  var pid: Int32?
  var workload = Workload.relay
  var pairs = 8
  var seconds = 5.0
  var warmUpSeconds = 1.0
  var rounds = 3
  var messageBytes = [200, 2500]
  var inFlight = [1, 16]
  var idle = 10_000
  var joinedPercent = 100
  var json = false
  var help = false
  var withNode = true
  var nodeServer: String?
  /// Passed on to `lobbyist serve`.
  var serveArguments: [String] = []

  static let helpText = """
    usage: lobbyist bench [URL] [options] [-- SERVE-OPTIONS…]

    Without a URL: starts this binary's own relay, the floor (a bare echo, beside this binary) and, where node and
    ws are there, a plain Node server; drives them in turn and prints a table. With a URL (ws://127.0.0.1:9080,
    numeric address): drives that server, which must speak the Godot protocol.

      --url URL             the same as URL
      --pid N               process of the server at URL: for its CPU time and memory
      --echo                the server at URL is an echo server, not a relay
      --pairs N             pairs of peers, each in a lobby of its own; echo: connections (8)
      --bytes N,…           length of a message's text (200,2500)
      --in-flight N,…       messages under way in each pair at any time (1,16)
      --seconds S           length of a measurement (5), after --warm-up S (1)
      --rounds N            rounds in which the servers take turns (3)
      --idle N              connections in the memory test; 0 leaves it out (10000)
      --joined PERCENT      how many of them join a lobby of four (100); the Godot rule closes the others after 1 s
      --no-node             leave the Node server out
      --node-server FILE    the Node server to run (benchmarks/node-godot/server.js)
      --quick               one round of 1 s, 1000 idle connections
      --json                print JSON instead of a table
      --help

    A pair passes its messages to and fro as one bunch: whoever has received all of them returns all in one write.
    Latency is the time from that write at one peer to the read at the other; with the server at full load it is
    mostly waiting in line behind the other messages under way. "batch" is how many messages a read at the receiver
    brought. Server and generator are pinned to a core each; "busy" is CPU time by the clock on the wall, and where
    neither reaches 95 % something else was in the way: trust the CPU time per message, not the rate.
    """

  static func parse(_ arguments: [String]) throws(BenchError) -> BenchOptions {
    var options = BenchOptions()
    var words = arguments[...]
    if words.contains("--quick") { options.hurry() }
    while let word = words.popFirst() {
      switch word {
      case "--help", "-h": options.help = true
      case "--quick": continue
      case "--json": options.json = true
      case "--echo": options.workload = .echo
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
  }

  private mutating func set(_ name: String, _ value: String) throws(BenchError) {
    switch name {
    case "--url": target = try Target.parse(value)
    case "--pid": pid = Int32(try Self.integer(name, value, 1...Int(Int32.max)))
    case "--pairs": pairs = try Self.integer(name, value, 1...4096)
    case "--rounds": rounds = try Self.integer(name, value, 1...1000)
    case "--idle": idle = try Self.integer(name, value, 0...1_000_000)
    case "--joined": joinedPercent = try Self.integer(name, value, 0...100)
    case "--seconds": seconds = try Self.duration(name, value)
    case "--warm-up": warmUpSeconds = try Self.duration(name, value)
    case "--bytes": messageBytes = try Self.integers(name, value, 64...65_000)
    case "--in-flight": inFlight = try Self.integers(name, value, 1...1024)
    case "--node-server": nodeServer = value
    default: throw .usage("there is no option \(name); see lobbyist bench --help")
    }
  }

  private func check() throws(BenchError) {
    guard target == nil else {
      if !serveArguments.isEmpty { throw .usage("options after -- are for the relay that bench starts; drop the URL") }
      return
    }
    if pid != nil { throw .usage("--pid says whose CPU time to read; it needs the server's URL too") }
    if workload == .echo { throw .usage("--echo needs the URL of an echo server") }
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
