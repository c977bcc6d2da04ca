import Glibc

/// The relay that hands its sockets over to this process and waits for a word.
public final class Predecessor {
  /// Hangs up once the other has let go, and is this process's to watch for that.
  public let ready: Descriptor
  /// The other's standard error. What this process says on its own until it serves is the reason if it never does.
  private var errors: Descriptor?
  /// Nil when the other has nothing to keep things in.
  private var memory: Descriptor?
  /// More bytes are not read of what it has kept.
  private static let keptBytesMax = 64 << 20

  init(ready: Int32, errors: Int32, kept: Int32?) throws(SystemError) {
    for number in [ready, errors] {
      guard fcntl(number, F_SETFD, FD_CLOEXEC) == 0 else { throw SystemError("fcntl", errno) }
    }
    self.ready = Descriptor(adopting: ready)
    self.errors = Descriptor(adopting: errors)
    memory = kept.flatMap(Self.memory)
  }

  private static func memory(_ number: Int32) -> Descriptor? {
    let target = FileSystem.target(ofLink: "/proc/self/fd/\(number)")
    guard target?.hasPrefix("/memfd:\(Inheritance.memoryName) ") == true else { return nil }
    _ = fcntl(number, F_SETFD, FD_CLOEXEC)
    return Descriptor(adopting: number)
  }

  /// What the other has kept for this process, once it has let go; nil when it could not. lseek(2)
  public var kept: [UInt8]? {
    // The place in it is the other's as well: the end of what it has written.
    guard let number = memory?.number, lseek(number, 0, SEEK_SET) == 0 else { return nil }
    return FileSystem.read(from: number, bytesMax: Self.keptBytesMax)
  }

  /// Says that this process serves now. From here on it writes errors where the other has. dup2(2)
  public func tell() {
    if let number = errors?.number { _ = dup2(number, STDERR_FILENO) }
    errors = nil
    let word = Array("ready\n".utf8)
    // The other may be gone: then there is nobody to hear it, and this one serves all the same.
    _ = unsafe write(ready.number, word, word.count)
  }
}
