import HTTP
import Policy
import Reactor

extension Relay {
  /// Bytes of a request's body which is read in the loop.
  private static let shortBodyBytes = 4 << 10

  /// Answers a request on the admin listener, once its body is there; answers the bytes that were used up.
  func takeOperatorRequest(_ slot: UInt32, _ head: RequestHead, _ length: Int, _ bytes: UnsafeRawBufferPointer) -> Int {
    do throws(OperatorAnswer) {
      let route = try admit(slot, head)
      let bodyBytes = try bodyBytes(of: head, for: route)
      guard bytes.count - length >= bodyBytes else { return 0 }
      let body = unsafe Array(bytes[length..<(length + bodyBytes)])
      if let told = try route.answer(self)(OperatorRequest(slot: slot, head: head, body: body)) {
        answer(slot, told, omitsBody: head.method == "HEAD")
      }
    } catch {
      answer(slot, error.response, omitsBody: head.method == "HEAD")
    }
    return bytes.count
  }

  /// What the operator has asked for; throws what anybody else gets.
  private func admit(_ slot: UInt32, _ head: RequestHead) throws(OperatorAnswer) -> OperatorRoute {
    let host = connections[slot].host
    let wanted = Result { () throws(OperatorAnswer) in try OperatorRoute.find(head) }
    let isPublic = (try? wanted.get())?.isPublic ?? false
    let known = operatorGuard.failures.count(host, now: now)
    let refusal = operatorGuard.refusal(of: head, from: host, isPublic: isPublic, now: now)
    if operatorGuard.failures.count(host, now: now) > known {
      log.warning("a wrong token was offered to the admin listener", about: subject(of: slot))
    }
    if let refusal { throw refusal }
    return try wanted.get()
  }

  /// The length of the body that this needs.
  private func bodyBytes(of head: RequestHead, for route: OperatorRoute) throws(OperatorAnswer) -> Int {
    let (most, name) =
      route.body == .deployment ? (limits.deployBytes, "limit deploy_bytes") : (Self.shortBodyBytes, "this takes")
    switch head.body {
    case .none where route.body == .unneeded: return 0
    case .length(let count) where count <= most: return count
    case .length(let count): throw OperatorAnswer(413, error: "\(count) bytes are more than \(name) (\(most))")
    default: throw OperatorAnswer(411, error: "say its length: Content-Length")
    }
  }
}

/// The short answers.
extension Relay {
  func tellHealth(_ request: OperatorRequest) throws(OperatorAnswer) -> RequestAnswer? {
    OperatorAnswer.text(200, "ok\n")
  }

  func tellReadiness(_ request: OperatorRequest) throws(OperatorAnswer) -> RequestAnswer? { readiness.response }

  func tellStatus(_ request: OperatorRequest) throws(OperatorAnswer) -> RequestAnswer? {
    OperatorAnswer(200, status.json).response
  }

  func tellDeployments(_ request: OperatorRequest) throws(OperatorAnswer) -> RequestAnswer? {
    OperatorAnswer(200, deployer?.list ?? "{\"mounts\":[]}\n").response
  }

  func reload(_ request: OperatorRequest) throws(OperatorAnswer) -> RequestAnswer? {
    guard !isLeaving else { throw OperatorAnswer(409, error: Self.isLeavingReason) }
    return OperatorAnswer(about: reload(nil, .operator)).response
  }
}

/// Whether newcomers should be sent here.
public enum Readiness: Equatable, Sendable, CustomStringConvertible {
  case ready
  /// Why not, in words.
  case notReady(String)

  public var description: String {
    switch self {
    case .ready: "ready"
    case .notReady(let reason): reason
    }
  }

  var response: RequestAnswer { OperatorAnswer.text(self == .ready ? 200 : 503, "\(self)\n") }
}
