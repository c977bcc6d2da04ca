import Policy

/// A limit as `--limit NAME=VALUE` knows it.
public struct NamedLimit: Sendable {
  public let name: String
  /// What it bounds and in which unit.
  public let summary: String
  let path: WritableKeyPath<RelayLimits, Int> & Sendable
}

extension RelayLimits {
  /// Every limit with its name: the one list behind `--limit`, its help and its errors.
  public static let table: [NamedLimit] = [
    limit("message_bytes", "bytes of one message", \.messageBytes),
    limit("head_bytes", "bytes of a request head", \.headBytes),
    limit("head_fields", "lines of a request head", \.headFields),
    limit("handshake_milliseconds", "time to finish the handshake", \.handshakeMilliseconds),
    limit("ping_milliseconds", "time between two keep-alive pings", \.pingMilliseconds),
    limit("close_milliseconds", "time to answer a close frame", \.closeMilliseconds),
    limit("grace_milliseconds", "time that a shutdown may take", \.graceMilliseconds),
    limit("connections", "connections in all", \.connections),
    limit("connections_per_address", "connections from one address", \.connectionsPerAddress),
    limit("messages_per_second", "messages from one peer, a second", \.messagesPerSecond),
    limit("bytes_per_second", "bytes of messages from one peer, a second", \.bytesPerSecond),
    limit("queued_bytes", "bytes that wait for a slow reader", \.mount.queuedBytes),
    limit("lobbies", "lobbies of a mount", \.mount.lobbies.lobbies),
    limit("lobby_name_bytes", "bytes of a lobby's name", \.mount.lobbies.lobbyNameBytes),
    limit("members_per_lobby", "members of one lobby", \.mount.lobbies.membersPerLobby),
    limit("lobbies_per_peer", "lobbies that one peer is in", \.mount.lobbies.lobbiesPerPeer),
    limit("timers_per_subject", "timers of one peer, lobby or mount", \.mount.lobbies.timersPerSubject),
    limit("attribute_bytes", "bytes of attributes of one peer, lobby or mount", \.mount.lobbies.attributeBytes),
    limit("script_bytes", "memory of a script, in bytes", \.mount.scriptBytes),
    limit("hook_instructions", "Lua instructions of one hook call", \.mount.hookInstructions),
    limit("hook_milliseconds", "time of one hook call", \.mount.hookMilliseconds),
    limit("load_instructions", "Lua instructions for loading a script", \.mount.loadInstructions),
    limit("load_milliseconds", "time for loading a script", \.mount.loadMilliseconds),
    limit("json_depth", "how deep the JSON of a message may nest (at most 128)", \.mount.jsonDepth),
  ]

  private static func limit(
    _ name: String, _ summary: String, _ path: WritableKeyPath<RelayLimits, Int> & Sendable
  ) -> NamedLimit {
    NamedLimit(name: name, summary: summary, path: path)
  }

  /// Sets one limit from text. `slow_reader` takes `close` or `drop`, the others whole numbers.
  public mutating func set(_ name: String, to text: String) throws(LimitError) {
    if name == "slow_reader" {
      switch text {
      case "close": mount.slowReader = .close
      case "drop": mount.slowReader = .drop
      default: throw LimitError("limit slow_reader is 'close' or 'drop', not '\(text)'")
      }
      return
    }
    guard let entry = Self.table.first(where: { $0.name == name }) else {
      let names = Self.table.map(\.name) + ["slow_reader"]
      throw LimitError("no limit is named '\(name)'. There are: \(names.joined(separator: ", "))")
    }
    guard let value = Int(text), value >= 0 else {
      throw LimitError("limit \(name): '\(text)' is not a whole number from 0 on (0 = none)")
    }
    if name == "json_depth", value < 1 || value > 128 { throw LimitError("limit json_depth is 1 to 128") }
    self[keyPath: entry.path] = value
  }

  /// The value of a limit.
  public func value(of entry: NamedLimit) -> Int { self[keyPath: entry.path] }
}

/// A limit that cannot be set, in words.
public struct LimitError: Error, Sendable {
  public let message: String
  init(_ message: String) { self.message = message }
}
