/// What a frame carries (RFC 6455 §5.2).
public enum Opcode: UInt8, Sendable {
  case continuation = 0x0
  case text = 0x1
  case binary = 0x2
  case close = 0x8
  case ping = 0x9
  case pong = 0xA

  /// Control frames have at most 125 payload bytes and are never fragmented (RFC 6455 §5.5).
  @inlinable
  public var isControl: Bool { rawValue >= 0x8 }
}

/// Which end of the connection is speaking (RFC 6455 §5.1): clients mask their frames, servers must not.
public enum Role: Sendable {
  case server
  case client
}
