import Glibc

/// The file of a recording: lines are gathered and written a block at a time. One that is full becomes FILE.1, in place
/// of an older one, and the next begins.
final class RecordFile {
  private static let blockBytes = 64 << 10

  private let path: String
  private let bytesMax: Int
  private var descriptor: Int32
  private var waiting: [UInt8] = []
  /// Bytes of this file, those that wait included.
  private var count = 0

  var isWaiting: Bool { !waiting.isEmpty }

  /// What is there of that name becomes FILE.1.
  init(_ path: String, bytesMax: Int) throws(RecordingError) {
    self.path = path
    self.bytesMax = bytesMax
    descriptor = try Self.begin(path)
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Whether so many further bytes would make the file too large.
  func isFull(for bytes: Int) -> Bool { count > 0 && count + bytes + 1 > bytesMax }

  func append(line: [UInt8]) throws(RecordingError) {
    waiting += line
    waiting.append(UInt8(ascii: "\n"))
    count += line.count + 1
    if waiting.count >= Self.blockBytes { try flush() }
  }

  func flush() throws(RecordingError) {
    var start = 0
    while start < waiting.count {
      let written = unsafe waiting.withUnsafeBytes { bytes in
        unsafe write(descriptor, bytes.baseAddress?.advanced(by: start), bytes.count - start)
      }
      if written < 0 {
        if errno == EINTR { continue }
        throw Self.error(path)
      }
      start += written
    }
    waiting.removeAll(keepingCapacity: true)
  }

  /// Starts the next file.
  func rotate() throws(RecordingError) {
    try flush()
    close(descriptor)
    descriptor = -1
    descriptor = try Self.begin(path)
    count = 0
  }

  private static func begin(_ path: String) throws(RecordingError) -> Int32 {
    var status = stat()
    if unsafe lstat(path, &status) == 0 {
      // Anything else could block the relay, or be what nobody wants to be moved away.
      guard status.st_mode & S_IFMT == S_IFREG else { throw RecordingError("\(path) is no file") }
      guard unsafe rename(path, path + ".1") == 0 else { throw error(path) }
    }
    // What people say is for the operator alone.
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw error(path) }
    return descriptor
  }

  private static func error(_ path: String) -> RecordingError {
    RecordingError("cannot write \(path): \(unsafe String(cString: strerror(errno)))")
  }
}
