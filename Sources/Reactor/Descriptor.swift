import Glibc

/// Sole owner of an open file descriptor; closes it when it goes.
public struct Descriptor: ~Copyable, Sendable {
  /// The number the kernel knows it by. Valid as long as this value lives; nobody else may close it.
  public let number: Int32

  /// Takes over `number`, which must be open and owned by nobody else.
  public init(adopting number: Int32) {
    precondition(number >= 0)
    self.number = number
  }

  /// Linux frees the number even when `close(2)` reports an error, so there is nothing to retry.
  deinit { _ = Glibc.close(number) }
}
