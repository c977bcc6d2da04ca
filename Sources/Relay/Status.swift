import Bytes
import HTTP
import Policy

/// What the admin listener answers: for whoever runs the relay.
struct Status {
  let uptimeSeconds: Double
  let connections: Int
  let counters: RelayCounters
  let mounts: [RoutedMount]
  let mountsEnding: Int
  let deployer: (any Deployer)?

  private static let known =
    "There are GET /healthz, /status and /deployments, POST /reload, /deploy and /rollback.\n"

  /// What somebody gets who must not ask; nil for the operator.
  func refusal(of head: RequestHead) -> RequestAnswer? {
    // A page of a foreign site must not reach it under a name that leads here (DNS rebinding), nor by a form.
    guard Self.isOwn(head.hostName), head.header("Origin") == nil else {
      return Self.text(403, "Ask for this by address or as localhost, and not from a page.\n")
    }
    return nil
  }

  /// - Parameter reload: loads all scripts anew.
  func answer(_ head: RequestHead, reload: () -> [ReloadOutcome]) -> RequestAnswer {
    if head.method == "POST", head.path == "/reload" { return Self.answer(reload()) }
    guard head.method == "GET" || head.method == "HEAD" else {
      return Self.text(405, Self.known)
    }
    switch head.path {
    case "/healthz": return Self.text(200, "ok\n")
    case "/status": return Self.answer(200, json)
    case "/deployments": return Self.answer(200, deployer?.list ?? "{\"mounts\":[]}\n")
    default: return Self.text(404, Self.known)
    }
  }

  static func answer(_ status: Int, _ json: String) -> RequestAnswer {
    let type = [HeaderField("Content-Type", "application/json"), HeaderField("Cache-Control", "no-store")]
    return RequestAnswer(status: status, headers: type.compactMap { $0 }, body: Array(json.utf8))
  }

  /// 422 when something could not be loaded (RFC 9110 §15.5.21).
  private static func answer(_ outcomes: [ReloadOutcome]) -> RequestAnswer {
    let told = outcomes.map { outcome in
      switch outcome.result {
      case .loaded(let version, let microseconds):
        object([
          ("subject", quoted(outcome.subject)), ("version", quoted(version)), ("microseconds", "\(microseconds)"),
          ("remarks", list(outcome.remarks)),
        ])
      case .changed(let changes): object([("subject", quoted(outcome.subject)), ("changes", list(changes))])
      case .failed(let reason): object([("subject", quoted(outcome.subject)), ("error", quoted(reason))])
      }
    }
    return answer(outcomes.contains(where: \.hasFailed) ? 422 : 200, "[" + told.joined(separator: ",") + "]\n")
  }

  private static func isOwn(_ host: String?) -> Bool {
    guard let host else { return false }
    return host == "localhost" || host.hasPrefix("[") || host.utf8.allSatisfy { "0123456789.".utf8.contains($0) }
  }

  private static func text(_ status: Int, _ body: String) -> RequestAnswer {
    RequestAnswer(status: status, headers: PlainAnswer.plainText, body: Array(body.utf8))
  }

  private var json: String {
    Self.object([
      ("uptime_seconds", "\(uptimeSeconds.rounded())"),
      ("connections", "\(connections)"),
      ("relay", Self.numbers(counters.named)),
      ("mounts", "[" + mounts.map { Self.mount($0, deployer?.deployment(of: $0.mount)) }.joined(separator: ",") + "]"),
      ("mounts_ending", "\(mountsEnding)"),
    ]) + "\n"
  }

  private static func mount(_ entry: RoutedMount, _ deployment: Int?) -> String {
    let (mount, counters) = (entry.mount, entry.mount.counters)
    var members = [
      ("paths", list(entry.route.paths)),
      ("version", quoted(mount.version)),
      ("versions", "[" + mount.versions.map(version).joined(separator: ",") + "]"),
      ("script", script(mount.scripts.policy)),
      ("plugins", "[" + mount.scripts.plugins.map(script).joined(separator: ",") + "]"),
      ("peers", "\(mount.peerCount)"),
      ("lobbies", "\(mount.lobbyCount)"),
      ("script_bytes", "\(mount.scriptMemory)"),
      ("counters", numbers(counters.named)),
      ("metrics", numbers(counters.script.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })),
    ]
    if let deployment { members.insert(("deployment", "\(deployment)"), at: 1) }
    if let host = entry.route.host { members.insert(("host", quoted(host)), at: 1) }
    return object(members)
  }

  private static func script(_ script: Script) -> String {
    object([("path", quoted(script.path)), ("version", quoted(script.version))])
  }

  private static func version(_ running: RunningVersion) -> String {
    object([
      ("version", quoted(running.version)), ("loaded_at", "\(running.loadedAt)"), ("lobbies", "\(running.lobbies)"),
    ])
  }

  private static func object(_ members: [(String, String)]) -> String {
    "{" + members.map { quoted($0.0) + ":" + $0.1 }.joined(separator: ",") + "}"
  }

  private static func numbers(_ numbers: [(String, some BinaryInteger)]) -> String {
    object(numbers.map { ($0.0, "\($0.1)") })
  }

  private static func list(_ texts: [String]) -> String { "[" + texts.map(quoted).joined(separator: ",") + "]" }

  private static func quoted(_ text: String) -> String { JSONText.quoted(text) }
}

/// A Swift string as a JSON string.
enum JSONText {
  static func quoted(_ text: String) -> String {
    var text = text
    var queue = ByteQueue()
    // A Swift string is UTF-8, so it is never refused.
    text.withUTF8 { _ = unsafe queue.append(quoted: UnsafeRawBufferPointer($0)) }
    return unsafe queue.withBytes { unsafe String(decoding: $0, as: UTF8.self) }
  }
}

extension RelayCounters {
  /// By name, in the order in which they are shown.
  var named: [(String, UInt64)] {
    [
      ("accepted", accepted), ("upgraded", upgraded), ("refused_at_limit", refusedAtLimit),
      ("handshakes_refused", handshakesRefused), ("unmounted", unmounted),
      ("handshakes_timed_out", handshakesTimedOut), ("tls_failures", tlsFailures),
      ("violations", violations), ("vanished", vanished),
      ("hoarders", hoarders), ("out_of_descriptors", outOfDescriptors), ("reloads", reloads),
      ("reloads_failed", reloadsFailed), ("deployments", deployments), ("rollbacks", rollbacks),
      ("deployments_refused", deploymentsRefused),
    ]
  }
}

extension MountCounters {
  var named: [(String, UInt64)] {
    [
      ("messages_in", messagesIn), ("messages_out", messagesOut), ("messages_dropped", messagesDropped),
      ("hook_failures", hookFailures), ("slow_readers_closed", slowReadersClosed),
    ]
  }
}
