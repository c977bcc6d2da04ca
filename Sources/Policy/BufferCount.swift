/// The memory of all buffers for what peers send and are sent, in bytes: of queues, of what has arrived and is not
/// complete, and of messages that mounts hold. What the kernel holds for its sockets is not in it.
public struct BufferCount: Sendable {
  /// A running sum: whoever changes a buffer adds the difference.
  public var bytes = 0
  /// How many there may be.
  public var most = Int.max

  public init() {}

  /// A buffer that is as large as this is not small any longer.
  private static let smallBytes = 16 << 10

  /// Whether all but the last eighth is used: that is for the small buffers of those who are there, so that whoever lets
  /// much pile up goes before those who do not, and nobody is let in.
  public var isShort: Bool { bytes > most - most / 8 }

  /// How many bytes a buffer that is not small may still have; at least one.
  public var left: Int { max(1, most - most / 8 - bytes) }

  /// Whether a buffer may have another `count` bytes.
  public func mayGrow(from size: Int, by count: Int) -> Bool {
    bytes + count <= (size < Self.smallBytes ? most : most - most / 8)
  }
}
