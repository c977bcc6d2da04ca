import HTTP
import Policy

/// Something that can be asked for on the admin listener.
struct OperatorRoute: Sendable {
  /// What a request is answered; nil for what is answered later.
  typealias Answer = @Sendable (Relay) -> (OperatorRequest) throws(OperatorAnswer) -> RequestAnswer?

  /// How long a body may be.
  enum Body: Sendable {
    /// None is needed; what is sent is not looked at.
    case unneeded
    /// A JSON object.
    case short
    /// A JSON object of `deploy_bytes` at the most.
    case deployment
  }

  let method: String
  let path: String
  let body: Body
  /// Whoever reaches the listener may ask for it, without the token.
  let isPublic: Bool
  let answer: Answer

  /// All of them.
  static let table = asked + Dashboard.routes

  private static let asked = [
    get("/healthz", isPublic: true, Relay.tellHealth),
    get("/readyz", isPublic: true, Relay.tellReadiness),
    get("/metrics", Relay.tellMetrics),
    get("/status", Relay.tellStatus),
    get("/scripts", Relay.tellScripts),
    get("/lobbies", Relay.tellLobbies),
    get("/peers", Relay.tellPeers),
    get("/tail", Relay.tellTail),
    get("/bans", Relay.tellBans),
    get("/log", Relay.tellLogLevel),
    get("/deployments", Relay.tellDeployments),
    post("/reload", body: .unneeded, Relay.reload),
    post("/deploy", body: .deployment, Relay.deploy),
    post("/rollback", Relay.rollBack),
    post("/kick", Relay.kick),
    post("/close", Relay.closeLobby),
    post("/ban", Relay.ban),
    post("/unban", Relay.unban),
    post("/log", Relay.setLogLevel),
    post("/drain", Relay.drain),
    post("/upgrade", Relay.handOver),
  ]

  private static func get(_ path: String, isPublic: Bool = false, _ answer: @escaping Answer) -> OperatorRoute {
    OperatorRoute(method: "GET", path: path, body: .unneeded, isPublic: isPublic, answer: answer)
  }

  private static func post(_ path: String, body: Body = .short, _ answer: @escaping Answer) -> OperatorRoute {
    OperatorRoute(method: "POST", path: path, body: body, isPublic: false, answer: answer)
  }

  /// The one for a request; HEAD is GET without a body (RFC 9110 §9.3.2).
  static func find(_ head: RequestHead) throws(OperatorAnswer) -> OperatorRoute {
    let method = head.method == "HEAD" ? "GET" : head.method
    let here = table.filter { $0.path == head.path }
    if let found = here.first(where: { $0.method == method }) { return found }
    guard here.isEmpty else {
      let methods = here.map(\.method).joined(separator: ", ")
      var answer = OperatorAnswer(405, error: "\(head.path) takes \(methods)")
      if let allow = HeaderField("Allow", methods) { answer.headers = [allow] }
      throw answer
    }
    let known = (["GET /"] + asked.map { "\($0.method) \($0.path)" }).joined(separator: ", ")
    throw OperatorAnswer(404, error: "there is nothing at this path. There are \(known)")
  }
}
