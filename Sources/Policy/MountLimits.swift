import Lobby

/// What becomes of a message for a peer that does not read what was sent before.
public enum SlowReader: Sendable {
  /// Close it with 1013.
  case close
  /// Leave the message out.
  case drop
}

/// What one mount may use. Zero means no limit.
public struct MountLimits: Sendable, Equatable {
  public var lobbies = LobbyLimits()
  /// Bytes that may wait for one slow reader.
  public var queuedBytes = 1 << 20
  public var slowReader = SlowReader.close
  /// Bytes from which on a message is compressed for those who have agreed to that.
  public var deflateFromBytes = 200
  /// Peers that plugins keep without a connection.
  public var keptPeers = 1024
  /// Bytes that may wait for one of them.
  public var keptBytes = 65_536
  /// Memory of the Lua state, in bytes.
  public var scriptBytes = 32 << 20
  /// Instructions of one hook call.
  public var hookInstructions = 1_000_000
  /// Wall time of one hook call, in milliseconds.
  public var hookMilliseconds = 50
  /// Instructions and milliseconds for loading a script.
  public var loadInstructions = 10_000_000
  public var loadMilliseconds = 500
  /// Versions of the scripts that run at once, because lobbies finish on theirs.
  public var scriptVersions = 4
  /// Failures of hooks within some time, in milliseconds, at which a replaced version comes back.
  public var breakerFailures = 20
  public var breakerMilliseconds = 10_000
  /// How deep the JSON of a message may nest.
  public var jsonDepth = 64

  public init() {}
}
