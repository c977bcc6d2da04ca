import Policy

/// A limit as `--limit NAME=VALUE` knows it.
public struct NamedLimit: Sendable {
  public let name: String
  /// What it bounds and in which unit.
  public let summary: String
  let path: WritableKeyPath<RelayLimits, Int> & Sendable
  /// What "none" is held as: 0 where the code that meets the limit knows it so, else a number that nothing reaches.
  let none: Int
}

extension RelayLimits {
  /// The largest value of a limit; as milliseconds 31 years.
  static let unreachable = 1_000_000_000_000

  /// Every limit with its name: the one list behind `--limit`, its help and its errors.
  public static let table: [NamedLimit] = [
    limit("message_bytes", "bytes of one message", \.messageBytes),
    limit("head_bytes", "bytes of a request head", \.headBytes, none: unreachable),
    limit("head_fields", "lines of a request head", \.headFields, none: unreachable),
    limit("handshake_milliseconds", "time to finish the handshake", \.handshakeMilliseconds, none: unreachable),
    limit("ping_milliseconds", "time between two keep-alive pings", \.pingMilliseconds),
    limit("close_milliseconds", "time to answer a close frame", \.closeMilliseconds, none: unreachable),
    limit("grace_milliseconds", "time that a shutdown may take", \.graceMilliseconds, none: unreachable),
    limit("connections", "connections in all", \.connections),
    limit("connections_per_address", "connections from one address (IPv6: one /64)", \.connectionsPerAddress),
    limit("connects_per_minute", "connections from one address, a minute (IPv6: one /64)", \.connectsPerMinute),
    limit("handshakes_per_minute", "WebSocket handshakes from one address, a minute", \.handshakesPerMinute),
    limit("messages_per_second", "messages from one peer, a second", \.messagesPerSecond),
    limit("bytes_per_second", "bytes of messages from one peer, a second", \.bytesPerSecond),
    limit("control_frames_per_second", "pings and pongs from one peer, a second", \.controlFramesPerSecond),
    limit("fragments_per_message", "fragments of one message", \.fragmentsPerMessage),
    limit(
      "message_milliseconds", "time from a message's first byte to its last", \.messageMilliseconds,
      none: unreachable),
    limit(
      "stalled_milliseconds", "time in which a peer takes nothing of what waits for it", \.stalledMilliseconds,
      none: unreachable),
    limit("buffer_bytes", "bytes of all buffers for what peers send and are sent", \.bufferBytes, none: unreachable),
    limit("socket_bytes", "bytes that the kernel keeps for a peer, about", \.socketBytes),
    limit("admin_connections", "connections to the admin listener", \.adminConnections),
    limit("bans", "addresses that are banned at a time", \.bans),
    limit("deploy_bytes", "bytes of one deployment", \.deployBytes, none: unreachable),
    limit("deploy_milliseconds", "time for trying a deployment", \.deployMilliseconds, none: unreachable),
    limit("deployments_kept", "deployments of a mount that are kept", \.deploymentsKept),
    limit("log_lines_per_second", "lines of the log of one level, a second", \.logLinesPerSecond),
    limit("log_bytes_per_minute", "bytes of the log of one level, a minute", \.logBytesPerMinute),
    limit("queued_bytes", "bytes that wait for a slow reader", \.mount.queuedBytes),
    limit("deflate_from_bytes", "the shortest message that is compressed, in bytes", \.mount.deflateFromBytes),
    limit("lobbies", "lobbies of a mount", \.mount.lobbies.lobbies),
    limit("lobby_name_bytes", "bytes of a lobby's name", \.mount.lobbies.lobbyNameBytes),
    limit("members_per_lobby", "members of one lobby", \.mount.lobbies.membersPerLobby),
    limit("lobbies_per_peer", "lobbies that one peer is in", \.mount.lobbies.lobbiesPerPeer),
    limit("timers_per_subject", "timers of one peer, lobby or mount", \.mount.lobbies.timersPerSubject),
    limit("attribute_bytes", "bytes of attributes of one peer, lobby or mount", \.mount.lobbies.attributeBytes),
    limit("held_messages", "messages held under one key", \.mount.lobbies.heldMessages),
    limit("held_bytes", "bytes of the messages that a mount holds", \.mount.lobbies.heldBytes),
    limit("kept_bytes", "bytes that wait for one of those that kept_peers counts", \.mount.keptBytes),
    limit("kept_peers", "peers of a mount that wait for their connection to come back", \.mount.keptPeers),
    limit("script_bytes", "memory of a script, in bytes", \.mount.scriptBytes, none: unreachable),
    limit("hook_instructions", "Lua instructions of one hook call", \.mount.hookInstructions, none: unreachable),
    limit("hook_milliseconds", "time of one hook call", \.mount.hookMilliseconds, none: unreachable),
    limit("load_instructions", "Lua instructions for loading a script", \.mount.loadInstructions, none: unreachable),
    limit("load_milliseconds", "time for loading a script", \.mount.loadMilliseconds, none: unreachable),
    limit("script_versions", "versions of a script that run at once", \.mount.scriptVersions),
    limit("breaker_failures", "failures at which the version before a reload comes back", \.mount.breakerFailures),
    limit(
      "breaker_milliseconds", "time in which so many failures count", \.mount.breakerMilliseconds, none: unreachable),
    limit("json_depth", "how deep the JSON of a message may nest (at most 128)", \.mount.jsonDepth, none: 128),
  ]

  /// What else `set` takes, which is no number.
  static let slowReader = "slow_reader"

  /// Everything that `set` takes.
  public static var names: [String] { table.map(\.name) + [slowReader] }

  /// What a mount may have a value of its own for.
  public static var mountNames: [String] {
    let none = RelayLimits()
    return table.filter { entry in
      var changed = none
      changed[keyPath: entry.path] = none[keyPath: entry.path] &+ 1
      return changed.mount != none.mount
    }.map(\.name) + [slowReader]
  }

  private static func limit(
    _ name: String, _ summary: String, _ path: WritableKeyPath<RelayLimits, Int> & Sendable, none: Int = 0
  ) -> NamedLimit {
    NamedLimit(name: name, summary: summary, path: path, none: none)
  }

  /// Sets one limit from text. `slow_reader` takes `close` or `drop`, the others whole numbers.
  public mutating func set(_ name: String, to text: String) throws(LimitError) {
    if name == Self.slowReader {
      switch text {
      case "close": mount.slowReader = .close
      case "drop": mount.slowReader = .drop
      default: throw LimitError("limit slow_reader is 'close' or 'drop', not '\(text)'")
      }
      return
    }
    guard let entry = Self.table.first(where: { $0.name == name }) else {
      throw LimitError("no limit is named '\(name)'. There are: \(Self.names.joined(separator: ", "))")
    }
    guard let value = Int(text), value >= 0 else {
      throw LimitError("limit \(name): '\(text)' is not a whole number from 0 on (0 = none)")
    }
    let most = name == "json_depth" ? 128 : Self.unreachable
    guard value <= most else { throw LimitError("limit \(name): '\(text)' is more than \(most) (0 = none)") }
    self[keyPath: entry.path] = value == 0 ? entry.none : value
  }

  /// Which of these limits, by default those of the relay itself, have another value than in `former`.
  public func names(changedFrom former: RelayLimits, among names: [String]? = nil) -> [String] {
    let mountNames = Set(Self.mountNames)
    let looked = names ?? Self.names.filter { !mountNames.contains($0) }
    return looked.filter { text(of: $0) != former.text(of: $0) }
  }

  /// The value of a limit, as `set` takes it.
  public func text(of name: String) -> String {
    guard let entry = Self.table.first(where: { $0.name == name }) else { return "\(mount.slowReader)" }
    return "\(value(of: entry) == entry.none ? 0 : value(of: entry))"
  }

  /// The value of a limit.
  public func value(of entry: NamedLimit) -> Int { self[keyPath: entry.path] }
}

/// A limit that cannot be set, in words.
public struct LimitError: Error, Sendable {
  public let message: String
  public init(_ message: String) { self.message = message }
}
