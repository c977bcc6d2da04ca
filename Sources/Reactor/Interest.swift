import CLinux

/// What the loop should report about a descriptor, for as long as it lasts (level-triggered).
///
/// Interest in writing belongs on only while bytes wait that could not be written: a socket is writable nearly always.
/// Without any interest a descriptor still reports ``Event/hangup``.
public struct Interest: OptionSet, Sendable {
  public let rawValue: UInt32

  public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static var none: Interest { [] }
  public static var reading: Interest { Interest(rawValue: EPOLLIN.rawValue) }
  public static var writing: Interest { Interest(rawValue: EPOLLOUT.rawValue) }
}
