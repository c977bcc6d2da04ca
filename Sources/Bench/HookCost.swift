/// What one message costs a policy, and the plugins before it, from the hook call to the frame in the queue.
struct HookCost: Sendable {
  var policy: String
  var bytes: Int
  var plugins: [String] = []
  /// CPU time per message, by rounds.
  var nanoseconds: [Double] = []
  /// The same without the last of the plugins.
  var without: [Double] = []

  var lastPlugin: Spread? { plugins.isEmpty ? nil : Spread(zip(nanoseconds, without).map { $0 - $1 }) }

  static let header = ["message", "plugins", "ns/msg (middle half)", "ns of the last (middle half)", "rounds"]

  var cells: [String] {
    [
      "\(policy), \(bytes) B", plugins.isEmpty ? "none" : plugins.joined(separator: ", "),
      Spread(nanoseconds)?.text(0) ?? "-", lastPlugin?.text(0) ?? "", "\(nanoseconds.count)",
    ]
  }

  var json: String {
    jsonObject([
      ("policy", quoted(policy)), ("bytes", "\(bytes)"),
      ("plugins", "[\(plugins.map(quoted).joined(separator: ","))]"),
      ("ns_per_message_quartiles", Spread(nanoseconds)?.json(1)), ("ns_of_last_plugin_quartiles", lastPlugin?.json(1)),
      ("rounds", "\(nanoseconds.count)"),
    ])
  }
}

/// Policies that take turns in this process.
struct HookBench<Policy: LocalPolicy> {
  /// A policy in service, and a pair of its peers. One says the same all the time, the other hears it.
  private struct Subject {
    let policy: Policy
    let pair: Pair<Policy.Peer>
    /// Who has the same plugins but for the last.
    var without: Int
    var cost: HookCost

    /// The guest hears what it should hear.
    func check() throws(BenchError) {
      try pair.host.send(pair.offer.sent)
      var wanted = pair.offer.heard
      let heard = try pair.guest.receive()
      guard wanted.accepts(Array(heard.utf8)) else {
        throw .server("\(cost.policy) altered or misdirected a message; it begins \(heard.prefix(80))")
      }
    }

    mutating func measure(seconds: Double) throws(BenchError) {
      let start = ProcessClock.ownNanoseconds()
      var messages = 0
      var spent: UInt64 = 0
      repeat {
        try pair.host.say(pair.offer.sent, times: 1000)
        messages += 1000
        spent = ProcessClock.ownNanoseconds() - start
      } while Double(spent) < seconds * 1e9
      cost.nanoseconds.append(Double(spent) / Double(messages))
    }
  }

  private let options: BenchOptions
  private let chain: PluginChain
  private let programs: Programs
  private var subjects: [Subject] = []

  init(_ suite: Suite) {
    options = suite.options
    programs = suite.programs
    chain = suite.chain
  }

  /// The Godot policy with no plugin, the first, the first two and so on, then the other policies without.
  mutating func run() throws(BenchError) -> [HookCost] {
    for bytes in options.messageBytes {
      for count in 0...chain.files.count {
        try add(Protocols.godot, bytes, chain.prefix(count), without: subjects.count - min(count, 1))
      }
      for signaling in Protocols.all where signaling.name != Protocols.godot.name {
        try add(signaling, bytes, .none, without: subjects.count)
      }
    }
    for round in 1...options.pairedRounds {
      Suite.progress("hooks, round \(round) of \(options.pairedRounds)")
      for index in round % 2 == 1 ? Array(subjects.indices) : subjects.indices.reversed() {
        try subjects[index].measure(seconds: options.seconds / 30)
      }
    }
    return try subjects.map { subject throws(BenchError) in
      try subject.check()
      var cost = subject.cost
      cost.without = subjects[subject.without].cost.nanoseconds
      return cost
    }
  }

  private mutating func add(
    _ signaling: some SignalingProtocol, _ bytes: Int, _ plugins: PluginChain, without: Int
  ) throws(BenchError) {
    guard let script = programs.find(signaling.script) else { throw .server("\(signaling.script) is missing") }
    let policy = try Policy(script: script, plugins: plugins.files, settings: signaling.settings + plugins.settings)
    let pair = try signaling.pair(0, bytes: bytes) { query throws(BenchError) in
      try policy.connect(signaling.path + query)
    }
    let subject = Subject(
      policy: policy, pair: pair, without: without,
      cost: HookCost(policy: signaling.name, bytes: bytes, plugins: plugins.names))
    try subject.check()
    subjects.append(subject)
  }
}
