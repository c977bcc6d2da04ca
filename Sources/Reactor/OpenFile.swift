import Glibc

/// A regular file that is read from its beginning, a piece at a time.
public final class OpenFile {
  private let descriptor: Descriptor
  /// Bytes that it had when it was opened.
  public let size: Int
  /// When it was last written, in nanoseconds since 1970.
  public let written: Int
  private var left: Int

  /// Nil when there is no such file, or something else that a name may stand for. Does not wait for pipes.
  public init?(_ path: String) {
    let number = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard number >= 0 else { return nil }
    descriptor = Descriptor(adopting: number)
    var status = stat()
    guard unsafe fstat(number, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    size = Int(status.st_size)
    written = status.st_mtim.tv_sec * 1_000_000_000 + status.st_mtim.tv_nsec
    left = size
  }

  /// Whether all of `size` has been read.
  public var isAtEnd: Bool { left == 0 }

  /// The next bytes, at most so many; none when the file has become shorter, or cannot be read any more. read(2)
  public func next(_ most: Int) -> [UInt8] {
    let wanted = min(most, left)
    let piece = unsafe [UInt8](unsafeUninitializedCapacity: wanted) { buffer, filled in
      filled = max(0, unsafe Glibc.read(descriptor.number, buffer.baseAddress, wanted))
    }
    left -= piece.count
    return piece
  }
}
