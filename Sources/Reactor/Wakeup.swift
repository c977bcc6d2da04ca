import CLinux
import Glibc

/// Lets another thread wake the loop. Shared: the loop watches the descriptor, the others keep a reference.
public final class Wakeup: Sendable {
  /// Readable from ``wake()`` until ``clear()``.
  public let descriptor: Descriptor

  /// eventfd(2)
  public init() throws(SystemError) {
    let number = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
    guard number >= 0 else { throw SystemError("eventfd", errno) }
    descriptor = Descriptor(adopting: number)
  }

  /// Makes the loop's wait end, now or when it next starts. From any thread; never blocks.
  public func wake() {
    var one: UInt64 = 1
    // An eventfd takes exactly eight bytes. The only failure is a counter about to overflow, and then it is readable.
    _ = unsafe Glibc.write(descriptor.number, &one, MemoryLayout<UInt64>.size)
  }

  /// Takes all calls of ``wake()`` so far as one; false when there was none.
  @discardableResult
  public func clear() -> Bool {
    var count: UInt64 = 0
    // An eventfd gives exactly eight bytes.
    return unsafe Glibc.read(descriptor.number, &count, MemoryLayout<UInt64>.size) == MemoryLayout<UInt64>.size
  }
}
