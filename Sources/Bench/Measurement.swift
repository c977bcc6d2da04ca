/// One workload against one server for a while, or the sum of several such runs.
struct Measurement: Sendable {
  enum Bottleneck: String, Sendable {
    case server, generator
    /// Neither core was busy all the time: the figures show waiting, not work.
    case neither
    /// The server's process is not known.
    case unknown
  }

  static let busyEnough = 0.95

  var messages: UInt64
  /// Reads in which the generator received them: messages / reads is the size of a batch.
  var reads: UInt64
  var wallNanoseconds: UInt64
  /// nil when the server's process is not known.
  var serverNanoseconds: UInt64?
  var generatorNanoseconds: UInt64
  var latency: Histogram

  var messagesPerSecond: Double { Double(messages) * 1e9 / Double(max(1, wallNanoseconds)) }
  var batch: Double { Double(messages) / Double(max(1, reads)) }
  var serverMicroseconds: Double? { serverNanoseconds.map { Double($0) / 1e3 / Double(max(1, messages)) } }
  var serverBusy: Double? { serverNanoseconds.map { Double($0) / Double(max(1, wallNanoseconds)) } }
  var generatorBusy: Double { Double(generatorNanoseconds) / Double(max(1, wallNanoseconds)) }

  var bottleneck: Bottleneck {
    guard let serverBusy else { return .unknown }
    return serverBusy > Self.busyEnough ? .server : generatorBusy > Self.busyEnough ? .generator : .neither
  }

  /// Connects, warms up and measures.
  static func take(
    _ workload: Workload, _ target: Target, pid: Int32?, pairs: Int, messageBytes: Int, inFlight: Int,
    warmUpSeconds: Double, seconds: Double
  ) throws(BenchError) -> Measurement {
    var generator = try LoadGenerator(
      workload.seats(target, pairs: pairs, messageBytes: messageBytes), balls: inFlight)
    try generator.start()
    try generator.play(seconds: warmUpSeconds)
    generator.forgetLatencies()
    let messages = generator.received
    let reads = generator.reads
    let server = pid.flatMap(ProcessClock.cpuNanoseconds)
    let own = ProcessClock.ownNanoseconds()
    let start = LoadGenerator.now()

    try generator.play(seconds: seconds)
    let wall = LoadGenerator.now() - start
    let ownAfter = ProcessClock.ownNanoseconds()
    let serverAfter = pid.flatMap(ProcessClock.cpuNanoseconds)
    if pid != nil, server == nil || serverAfter == nil { throw .server("there is no process \(pid ?? 0) to measure") }
    guard generator.received > messages else { throw .server("the server passed on no message at all") }
    return Measurement(
      messages: generator.received - messages, reads: generator.reads - reads, wallNanoseconds: wall,
      serverNanoseconds: serverAfter.flatMap { after in server.map { after - min(after, $0) } },
      generatorNanoseconds: ownAfter - own, latency: generator.latency)
  }
}
