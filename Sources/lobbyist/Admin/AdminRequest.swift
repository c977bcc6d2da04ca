import Conversation
import Deployment
import HTTP
import Reactor
import Relay

/// A request to the admin listener of a running relay.
struct AdminRequest {
  /// Where it is unless told otherwise.
  static let defaultAdmin = "127.0.0.1:9081"

  /// `ADDRESS:PORT`, or `tls://ADDRESS:PORT`.
  let admin: String
  /// Whose certificate is good for the latter.
  let trust: TLSContext.Trust
  /// What it wants to know; nil for nothing.
  let token: OperatorToken?

  /// What the relay says; nil when there is none, which has been told then. A trial may take its time: the relay knows
  /// how long, and answers.
  func send(_ method: String, _ path: String, _ body: [UInt8] = []) -> (status: Int, value: TalkValue)? {
    do throws(StageError) {
      let reply = try ask(method, path, body)
      if let value = try? TalkValue(parsing: reply.body), value.isStructured {
        guard reply.status == 401 || reply.status == 429 else { return (reply.status, value) }
        let reason = value["error"]?.text ?? "it answers \(reply.status)"
        complain(
          "\(admin) does not let you in: \(reason). Name the token's file with \(AdminToken.option), or set "
            + AdminToken.variable)
        return nil
      }
      let text = String(decoding: reply.body.prefix(200).prefix { $0 != 0x0A }, as: UTF8.self)
      complain("\(admin) is not the admin listener of a relay: it answers \(reply.status) \(text)")
    } catch {
      complain("\(error.message). The relay listens there when it was started with --admin \(admin)")
    }
    return nil
  }

  /// What the relay answers to a question, or to what is posted; nil when it does not, which has been told then.
  func fetch(_ path: String, posting body: [UInt8]? = nil) -> TalkValue? {
    guard let (status, value) = send(body == nil ? "GET" : "POST", path, body ?? []) else { return nil }
    if status == 200 { return value }
    complain(value["error"]?.text ?? "the relay answers \(status)")
    return nil
  }

  /// Asks what is answered with 200 when all is well, and tells it; answers the exit code.
  func probe(_ path: String) -> Int32 {
    do throws(StageError) {
      let reply = try ask("GET", path)
      let text = String(decoding: reply.body.prefix(200).prefix { $0 != 0x0A }, as: UTF8.self)
      guard reply.status == 200 else {
        complain(text)
        return ExitCode.failure
      }
      say(text)
      return ExitCode.success
    } catch {
      complain("\(error.message). The relay listens there when it was started with --admin \(admin)")
      return ExitCode.failure
    }
  }

  /// The answer, whatever it is.
  func ask(_ method: String, _ path: String, _ body: [UInt8] = []) throws(StageError) -> PlainReply {
    var request = PlainRequest(method: method, path: path, body: body)
    if method == "POST" { request.headers += [HeaderField("Content-Type", "application/json")].compactMap { $0 } }
    if let token { request.headers += [HeaderField("Authorization", "Bearer \(token.text)")].compactMap { $0 } }
    let url = admin.hasPrefix("tls://") ? "wss" + admin.dropFirst("tls".count) : "ws://\(admin)"
    return try LiveStage(url: url, trust: trust).fetchPatiently(request)
  }

  /// Sends, and tells what runs then; answers the exit code.
  func change(_ path: String, _ body: [UInt8]) -> Int32 {
    guard let (status, value) = send("POST", path, body) else { return ExitCode.failure }
    let report = (value["report"]?.text ?? "").split(separator: "\n")
    guard status == 200, let mount = value["mount"]?.text, let script = value["script"]?.text,
      let version = value["version"]?.text, let number = value["number"]?.number,
      let microseconds = value["microseconds"]?.number
    else {
      for line in report { tell(String(line)) }
      complain("the relay refuses it, and what ran runs on: \(value["error"]?.text ?? "HTTP \(status)")")
      return ExitCode.failure
    }
    let place = number == 0 ? "\(mount), as the relay was started" : "\(mount) as deployment \(number)"
    say("ok  \(script) (version \(version)) runs at \(place), loaded in \(microseconds) us")
    return ExitCode.success
  }
}
