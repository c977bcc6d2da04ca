import CLinux

/// One descriptor's news after ``Reactor/wait(until:)``.
public struct Event: Equatable, Sendable {
  public let token: Token
  private let flags: UInt32

  init(token: Token, flags: UInt32) {
    self.token = token
    self.flags = flags
  }

  /// Bytes, a newcomer or the end of the stream can be read.
  public var readable: Bool { flags & EPOLLIN.rawValue != 0 }

  /// There is room to write, or a connection attempt has come to an end.
  public var writable: Bool { flags & EPOLLOUT.rawValue != 0 }

  /// The connection is gone in both directions (reset, failed, or closed by both ends). Reported whatever the
  /// interest is, and again at every wait until the descriptor is removed or closed. There may be bytes left to read.
  public var hangup: Bool { flags & (EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0 }
}
