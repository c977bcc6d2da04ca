import HTTP
import Reactor
import WebSocket

/// A live server as a stage, whatever it is written in: one WebSocket per actor, real time.
public final class LiveStage: Stage {
  public static let answerMilliseconds = 2_000
  public static let silenceMilliseconds = 200
  private static let goodbyeMilliseconds = 500

  public let isLive = true
  private let target: LiveTarget
  private var reactor: Reactor
  /// By actor. The token's slot is a connection's number, counted over the stage's life.
  private var connections: [String: (number: UInt32, connection: LiveConnection)] = [:]
  private var count: UInt32 = 0

  /// `url` and `trust` are as ``LiveTarget`` takes them.
  public convenience init(url: String, trust: TLSContext.Trust = .system) throws(StageError) {
    try self.init(LiveTarget(url: url, trust: trust))
  }

  public init(_ target: LiveTarget) throws(StageError) {
    self.target = target
    do throws(SystemError) {
      reactor = try Reactor()
    } catch {
      throw StageError(error.description)
    }
  }

  /// Whether anybody listens there: one error now instead of one for each conversation.
  public func knock() throws(StageError) { _ = try target.connect(milliseconds: LiveStage.answerMilliseconds) }

  public func begin(_ scene: Scene) throws(StageError) { connections = [:] }

  /// Says goodbye on every open connection, so that the next conversation finds nobody left of this one.
  public func end() {
    for (_, connection) in connections.values where !connection.isFinished {
      connection.close(code: CloseCode.normal, reason: [])
    }
    // Nobody is left to tell of a failure, and the next conversation would meet it again.
    try? pump(LiveStage.goodbyeMilliseconds) { connections.values.allSatisfy { $0.connection.isFinished } }
    connections = [:]
  }

  public func connect(_ actor: String, _ request: ConnectRequest) throws(StageError) {
    guard request.address == nil else { throw StageError(Self.noAddresses) }
    let stream = try target.connect(milliseconds: LiveStage.answerMilliseconds)
    let handshake = ClientHandshake(
      host: target.host, target: request.path ?? target.path, headers: request.headers,
      subprotocols: request.subprotocols, nonce: (0..<16).map { _ in UInt8.random(in: .min ... .max) })
    let connection = try LiveConnection(stream, handshake)
    count &+= 1
    connections[actor] = (count, connection)
    do throws(SystemError) {
      try reactor.add(connection.stream.descriptor, [.reading, .writing], Token(slot: count, generation: 0))
    } catch {
      throw StageError(error.description)
    }
  }

  public func send(_ actor: String, _ message: Sent) throws(StageError) {
    let connection = try find(actor)
    connection.send(message)
    try watch(actor)
  }

  /// Waits for the server's answer, so that what follows comes after it noticed.
  public func close(_ actor: String, code: UInt16?, reason: [UInt8]) throws(StageError) {
    let connection = try find(actor)
    connection.close(code: code, reason: reason)
    try watch(actor)
    try pump(LiveStage.answerMilliseconds) { connection.isFinished }
  }

  public func drop(_ actor: String) throws(StageError) {
    _ = try find(actor)
    connections[actor] = nil
    try pump(LiveStage.silenceMilliseconds / 4) { false }
  }

  public func advance(milliseconds: Int) throws(StageError) { try pump(milliseconds) { false } }

  public func reload(_ path: String, lobbiesFinish: Bool) throws(StageError) {
    throw StageError("a live server is not reloaded from here; write `skip live \"reloads\"` above the first step")
  }

  public func drain(seconds: Int) throws(StageError) {
    throw StageError("a live server is not drained from here; write `skip live \"drains\"` above the first step")
  }

  public func next(_ actor: String, _ patience: Patience) throws(StageError) -> Heard? {
    // Who dropped hears nothing.
    guard let connection = connections[actor]?.connection else { return nil }
    let wait =
      switch patience {
      case .answer: LiveStage.answerMilliseconds
      case .silence: LiveStage.silenceMilliseconds
      case .none: 0
      }
    try pump(wait) { !connection.heard.isEmpty || connection.violation != nil || connection.isFinished }
    if let heard = connection.takeHeard() { return heard }
    if let violation = connection.violation { throw StageError(violation) }
    return nil
  }

  private static let noAddresses = "a live server sees where this client really is: put 'skip live \"…\"' before"

  public func fetch(_ request: PlainRequest) throws(StageError) -> PlainReply {
    guard request.address == nil else { throw StageError(Self.noAddresses) }
    return try LiveRequest.fetch(request, from: target, patience: LiveStage.answerMilliseconds)
  }

  /// The same, but waits for the answer for as long as the server is there.
  public func fetchPatiently(_ request: PlainRequest) throws(StageError) -> PlainReply {
    try LiveRequest.fetch(request, from: target, patience: nil)
  }

  private func find(_ actor: String) throws(StageError) -> LiveConnection {
    guard let connection = connections[actor]?.connection else { throw StageError("\(actor) is not connected") }
    return connection
  }

  /// Serves all sockets until `done` or until `milliseconds` have passed; looks at them once in any case.
  private func pump(_ milliseconds: Int, until done: () -> Bool) throws(StageError) {
    let deadline = Clock.milliseconds + UInt64(milliseconds)
    while !done() {
      do throws(SystemError) {
        let ready = try reactor.wait(until: deadline)
        for index in 0..<ready { try serve(reactor.event(index)) }
        if ready == 0 || Clock.milliseconds >= deadline { return }
      } catch {
        throw StageError(error.description)
      }
    }
  }

  private func serve(_ event: Event) throws(SystemError) {
    guard let actor = connections.first(where: { $0.value.number == event.token.slot }) else { return }
    let connection = actor.value.connection
    if event.writable { connection.flush() }
    if event.readable || event.hangup { connection.read() }
    if connection.isFinished {
      try reactor.remove(connection.stream.descriptor)
      connection.stream.shutdownWrite()
      connections[actor.key]?.number = 0
    } else {
      try reactor.modify(connection.stream.descriptor, interest(connection), event.token)
    }
  }

  private func interest(_ connection: LiveConnection) -> Interest {
    connection.wantsToWrite ? [.reading, .writing] : .reading
  }

  private func watch(_ actor: String) throws(StageError) {
    guard let (number, connection) = connections[actor], number != 0, connection.wantsToWrite else { return }
    do throws(SystemError) {
      try reactor.modify(connection.stream.descriptor, [.reading, .writing], Token(slot: number, generation: 0))
    } catch {
      throw StageError(error.description)
    }
  }
}
