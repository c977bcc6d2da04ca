import Conversation
import HTTP
import Lobby
import Policy
import Reactor

/// The servers of one unit test, each a policy on a stage of its own, and what the test asks of them.
///
/// A question is a verb, for all but the first the number of a server, and what the verb takes (see `TestHelper`).
final class TestServers {
  private static let serversMax = 100

  private final class Server {
    let stage: PolicyStage
    var scene = Scene()
    var peers = 0
    var headers: [HeaderField] = []
    var subprotocols: [String] = []
    /// Peers that have left without a close frame.
    var dropped: Set<String> = []
    /// Heard before anybody asked.
    var waiting: [String: Heard] = [:]

    init(_ stage: PolicyStage) { self.stage = stage }
  }

  private let file: String
  private let looked: LookedUp
  private let coverage: Coverage?
  private let shared: [String]
  private var servers: [Server] = []

  /// `file` is where paths are looked up besides the current folder.
  init(file: String, looked: LookedUp, coverage: Coverage?, shared: [String]) {
    self.file = file
    self.looked = looked
    self.coverage = coverage
    self.shared = shared
  }

  func answer(_ question: [PlainValue?]) throws(TestFile.Refusal) -> [PlainValue?] {
    let question = TestQuestion(values: question)
    let verb = try question.text(0, "a verb")
    if verb == "server" {
      guard servers.count < Self.serversMax else { throw TestFile.Refusal("more than \(Self.serversMax) servers") }
      servers.append(Server(PolicyStage(notingIn: looked, coverage: coverage, shared: shared)))
      return [.integer(Int64(servers.count - 1))]
    }
    guard let number = question.integer(1), servers.indices.contains(Int(number)) else {
      throw TestFile.Refusal("there is no such server: is it a ':' call?")
    }
    let server = servers[Int(number)]
    do throws(StageError) {
      switch verb {
      case "plugin", "set", "limit", "serve": return try prepare(server, verb, question)
      case "header", "offer": return try announce(server, verb, question)
      case "connect": return try connect(server, question)
      case "request": return try request(server, question)
      case "after": return try pass(server, question)
      case "drain": return try drain(server, question)
      case "hear": return try hear(server, question)
      case "has_heard": return [.bool(try next(server, question) != nil)]
      default: return try act(server, verb, question)
      }
    } catch {
      throw TestFile.Refusal(error.message)
    }
  }

  // MARK: Setting up

  private func prepare(_ server: Server, _ verb: String, _ question: TestQuestion) throws(StageError) -> [PlainValue?] {
    let name = try question.word(2, "a name or path")
    switch verb {
    case "plugin": server.scene.plugins.append(try resolve(name))
    case "limit":
      guard let value = question.integer(3) else { throw StageError("limit \(name) wants a whole number") }
      server.scene.limits.append((name, Int(clamping: value)))
    case "set":
      do throws(JSONMistake) {
        server.scene.settings.append((name, try TalkValue(parsing: question.bytes(3))))
      } catch {
        throw StageError("setting \(name): \(error.message)")
      }
    default:
      server.scene.policy = try resolve(name)
      try server.stage.begin(server.scene)
    }
    return []
  }

  private func resolve(_ path: String) throws(StageError) -> String {
    guard let found = ScriptPath.resolve(path, besides: file) else {
      throw StageError("no file \(path) in the current folder or beside \(file)")
    }
    return found
  }

  // MARK: Connections and requests

  /// What the next request says of itself.
  private func announce(_ server: Server, _ verb: String, _ question: TestQuestion) throws(StageError) -> [PlainValue?]
  {
    let name = try question.word(2, "a name")
    if verb == "offer" {
      server.subprotocols.append(name)
      return []
    }
    guard let header = HeaderField(name, try question.word(3, "the value of a header")) else {
      throw StageError("'\(name)' is no header that can be sent")
    }
    server.headers.append(header)
    return []
  }

  private func address(_ question: TestQuestion, _ index: Int) throws(StageError) -> HostAddress? {
    guard question.isGiven(index) else { return nil }
    let text = try question.word(index, "an address")
    guard let address = HostAddress(parsing: text) else { throw StageError("'\(text)' is no IP address") }
    return address
  }

  private func connect(_ server: Server, _ question: TestQuestion) throws(StageError) -> [PlainValue?] {
    var request = ConnectRequest()
    request.path = try question.word(2, "a path")
    request.address = try address(question, 3)
    (request.headers, request.subprotocols) = (server.headers, server.subprotocols)
    (server.headers, server.subprotocols) = ([], [])
    server.peers += 1
    let name = "\(server.peers)"
    try server.stage.connect(name, request)
    let outcome = try server.stage.next(name, .none)
    if case .opened(let subprotocol)? = outcome {
      return [.text(Array(name.utf8)), subprotocol.map { .text(Array($0.utf8)) }]
    }
    server.waiting[name] = outcome
    return [.text(Array(name.utf8)), nil]
  }

  private func request(_ server: Server, _ question: TestQuestion) throws(StageError) -> [PlainValue?] {
    let headers = server.headers
    server.headers = []
    let reply = try server.stage.fetch(
      PlainRequest(
        method: try question.word(2, "a method"), path: try question.word(3, "a path"), headers: headers,
        body: question.bytes(4), address: try address(question, 5)))
    return [.integer(Int64(reply.status)), .text(reply.body)]
  }

  private func pass(_ server: Server, _ question: TestQuestion) throws(StageError) -> [PlainValue?] {
    guard let seconds = question.number(2), (0...86_400).contains(seconds) else {
      throw StageError("after wants seconds, from 0 to 86400")
    }
    try server.stage.advance(milliseconds: Int(seconds * 1000))
    return []
  }

  private func drain(_ server: Server, _ question: TestQuestion) throws(StageError) -> [PlainValue?] {
    guard let seconds = question.integer(2), (0...86_400).contains(seconds) else {
      throw StageError("drain wants whole seconds, from 0 to 86400")
    }
    try server.stage.drain(seconds: Int(seconds))
    return []
  }

  // MARK: What peers do and hear

  private func act(_ server: Server, _ verb: String, _ question: TestQuestion) throws(StageError) -> [PlainValue?] {
    let peer = try question.word(2, "a peer")
    guard !server.dropped.contains(peer) else { throw StageError("this peer has dropped its connection") }
    switch verb {
    case "drop":
      try server.stage.drop(peer)
      server.dropped.insert(peer)
    case "close":
      let code = question.integer(3).map { UInt16(clamping: $0) }
      try server.stage.close(peer, code: code, reason: question.bytes(4))
    default:
      guard case .text(let bytes)? = question.values.count > 3 ? question.values[3] : nil else {
        throw StageError("send wants a string: a message as json.encode spells it")
      }
      try server.stage.send(peer, verb == "send_binary" ? .binary(bytes) : .text(bytes))
    }
    return []
  }

  /// Looks at what comes next, and leaves it there.
  private func next(_ server: Server, _ question: TestQuestion) throws(StageError) -> Heard? {
    let peer = try question.word(2, "a peer")
    if server.waiting[peer] == nil { server.waiting[peer] = try server.stage.next(peer, .none) }
    return server.waiting[peer]
  }

  private func hear(_ server: Server, _ question: TestQuestion) throws(StageError) -> [PlainValue?] {
    let heard = try next(server, question)
    server.waiting[try question.word(2, "a peer")] = nil
    func word(_ text: String) -> PlainValue { .text(Array(text.utf8)) }
    return switch heard {
    case .text(let bytes): [word("text"), .text(bytes)]
    case .binary(let bytes): [word("binary"), .text(bytes)]
    case .closed(let code, let reason): [word("closed"), code.map { .integer(Int64($0)) }, .text(reason)]
    case .refused(let status, let body): [word("refused"), .integer(Int64(status)), .text(body)]
    case .opened, .pong, .dropped, nil: []
    }
  }
}

/// The values of one question, by position.
struct TestQuestion {
  let values: [PlainValue?]

  func isGiven(_ index: Int) -> Bool { index < values.count && values[index] != nil }

  /// Empty when there is none.
  func bytes(_ index: Int) -> [UInt8] {
    guard index < values.count, case .text(let bytes)? = values[index] else { return [] }
    return bytes
  }

  func integer(_ index: Int) -> Int64? {
    guard index < values.count, case .integer(let integer)? = values[index] else { return nil }
    return integer
  }

  func number(_ index: Int) -> Double? {
    guard index < values.count else { return nil }
    return switch values[index] {
    case .integer(let integer): Double(integer)
    case .number(let number): number
    default: nil
    }
  }

  func word(_ index: Int, _ wanted: String) throws(StageError) -> String {
    guard index < values.count, case .text(let bytes)? = values[index] else { throw StageError("\(wanted) is missing") }
    return String(decoding: bytes, as: UTF8.self)
  }

  func text(_ index: Int, _ wanted: String) throws(TestFile.Refusal) -> String {
    guard index < values.count, case .text(let bytes)? = values[index] else {
      throw TestFile.Refusal("\(wanted) is missing")
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
