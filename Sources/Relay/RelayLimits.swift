import Policy

/// What the relay as a whole may be made to spend. Zero means no limit.
public struct RelayLimits: Sendable {
  /// Bytes of one message.
  public var messageBytes = 65_536
  /// Bytes of a request head, and its lines.
  public var headBytes = 8192
  public var headFields = 100
  /// Milliseconds from connecting to the end of the handshake.
  public var handshakeMilliseconds = 5000
  /// Milliseconds between two pings; a peer that has been silent for a whole interval after one is gone.
  public var pingMilliseconds = 10_000
  /// Milliseconds that a client may take to answer a close frame.
  public var closeMilliseconds = 3000
  /// Milliseconds that a shutdown may take.
  public var graceMilliseconds = 5000
  public var connections = 65_536
  public var connectionsPerAddress = 0
  /// Connections and WebSocket handshakes from one address a minute, and at once after a pause. As many as a school or a
  /// carrier behind one address needs when all of them come back after a restart.
  public var connectsPerMinute = 6000
  public var handshakesPerMinute = 6000
  /// Milliseconds from the first byte of a message to its last.
  public var messageMilliseconds = 30_000
  public var fragmentsPerMessage = 1024
  /// Pings and pongs.
  public var controlFramesPerSecond = 50
  /// Milliseconds in which a peer takes nothing of what waits for it.
  public var stalledMilliseconds = 30_000
  /// Bytes of all buffers.
  public var bufferBytes = 1 << 30
  /// Bytes that the kernel keeps for a peer besides. Left alone it would take megabytes for one that reads nothing.
  public var socketBytes = 128 << 10
  /// What one peer may send a second; a burst of one second's worth is allowed. Exceeding it closes with 1008.
  public var messagesPerSecond = 0
  public var bytesPerSecond = 0
  /// Connections to the admin listener; `connections` is not for them.
  public var adminConnections = 64
  /// Addresses that the operator bans at a time.
  public var bans = 10_000
  /// Bytes of one deployment as it is sent.
  public var deployBytes = 4 << 20
  /// Milliseconds that its trial may take.
  public var deployMilliseconds = 30_000
  /// Deployments of one mount that are kept, at least the one that runs and the one that it replaced.
  public var deploymentsKept = 20
  /// What the log may be made to write of each level: lines a second, and bytes a minute.
  public var logLinesPerSecond = 50
  public var logBytesPerMinute = 256 << 10
  public var mount = MountLimits()

  public init() {}
}
