import HTTP
import Reactor

/// Who may ask for what on the admin listener.
///
/// A browser on the operator's machine reaches a loopback address for any page that is open in it. So the name that a
/// request is for must not be one that somebody else's DNS answers for (rebinding), a request of a page must come from a
/// page of this listener, and what changes something is of a type that no page can send elsewhere without asking first
/// (Fetch §3.2.2, "CORS-preflight request").
struct OperatorGuard {
  /// Nil for none: then only this machine reaches the listener.
  var token: OperatorToken?
  var failures = TokenFailures()

  /// What somebody gets who must not ask; nil for whoever may.
  /// - Parameter isPublic: of a path that everybody may ask for who reaches the listener.
  mutating func refusal(of head: RequestHead, from host: HostAddress, isPublic: Bool, now: UInt64) -> OperatorAnswer? {
    guard token != nil || Self.isOwn(head.hostName) else {
      return OperatorAnswer(403, error: "ask for this by address or as localhost, or start the relay with a token")
    }
    guard head.values("Origin").allSatisfy({ Self.isOwn(origin: $0, head.header("Host")) }) else {
      return OperatorAnswer(403, error: "a page of another site must not ask for this")
    }
    if head.method == "POST", Self.type(of: head) != "application/json" {
      return OperatorAnswer(415, error: "send it as Content-Type: application/json, also without a body")
    }
    return isPublic ? nil : refusal(ofToken: head, host, now)
  }

  private mutating func refusal(ofToken head: RequestHead, _ host: HostAddress, _ now: UInt64) -> OperatorAnswer? {
    guard let token else { return nil }
    guard !failures.isBarred(host, now: now) else {
      return OperatorAnswer(429, error: "too many wrong tokens from your address: try again in a minute")
    }
    guard let offered = OperatorToken.offered(in: head.header("Authorization")) else {
      return Self.unauthorized("send the relay's admin token: Authorization: Bearer TOKEN", "Bearer")
    }
    if token.equals(offered) { return nil }
    failures.note(host, now: now)
    return Self.unauthorized("this is not the relay's admin token", "Bearer error=\"invalid_token\"")
  }

  /// RFC 6750 §3.
  private static func unauthorized(_ reason: String, _ challenge: String) -> OperatorAnswer {
    var answer = OperatorAnswer(401, error: reason)
    if let field = HeaderField("WWW-Authenticate", challenge) { answer.headers = [field] }
    return answer
  }

  private static func type(of head: RequestHead) -> String? {
    guard let type = head.header("Content-Type") else { return nil }
    return type.prefix { $0 != ";" }.lowercased().filter { $0 != " " && $0 != "\t" }
  }

  /// Whether a host is named by its address, which nobody's DNS can lead elsewhere.
  private static func isOwn(_ host: String?) -> Bool {
    guard let host else { return false }
    if host == "localhost" { return true }
    if host.hasPrefix("["), host.hasSuffix("]") { return HostAddress(parsing: host.dropFirst().dropLast()) != nil }
    return HostAddress(parsing: host)?.ipv4 != nil
  }

  /// Whether a page is one of this listener: scheme, host and port are the same (RFC 6454 §5). Whether TLS is in front
  /// of it the relay does not know.
  private static func isOwn(origin: String, _ host: String?) -> Bool {
    guard let host = host?.lowercased() else { return false }
    return origin == "http://\(host)" || origin == "https://\(host)"
  }
}

/// Who has offered wrong tokens of late, by network.
struct TokenFailures {
  /// So many within `milliseconds`, and the network has to wait for the rest of that time.
  static let most = 10
  static let milliseconds: UInt64 = 60_000
  /// Networks that are known at a time; beyond that the oldest is forgotten.
  static let networksMax = 1024

  private var counts: [HostAddress: (count: Int, since: UInt64)] = [:]

  func isBarred(_ host: HostAddress, now: UInt64) -> Bool { count(host, now: now) >= Self.most }

  /// How many wrong tokens this network has offered within the time that runs.
  func count(_ host: HostAddress, now: UInt64) -> Int {
    guard let known = counts[host.network], now < known.since + Self.milliseconds else { return 0 }
    return known.count
  }

  mutating func note(_ host: HostAddress, now: UInt64) {
    let network = host.network
    if let known = counts[network], now < known.since + Self.milliseconds {
      counts[network] = (known.count + 1, known.since)
      return
    }
    if counts.count >= Self.networksMax { makeRoom(now) }
    counts[network] = (1, now)
  }

  private mutating func makeRoom(_ now: UInt64) {
    counts = counts.filter { now < $0.value.since + Self.milliseconds }
    guard counts.count >= Self.networksMax else { return }
    if let oldest = counts.min(by: { $0.value.since < $1.value.since }) { counts[oldest.key] = nil }
  }
}
