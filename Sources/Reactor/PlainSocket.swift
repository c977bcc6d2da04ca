import Glibc

/// A socket that does not block, as it is without encryption.
enum PlainSocket {
  /// Reads what is there, up to the size of `buffer`, which must not be empty. recv(2)
  @inline(__always)
  static func read(_ number: Int32, _ buffer: UnsafeMutableRawBufferPointer, _ flags: Int32 = 0) -> ReadResult {
    // Zero bytes into no room would look like the end of the stream.
    precondition(buffer.count > 0)
    while true {
      // The kernel writes at most `count` bytes from the buffer's start, which the caller lends.
      let count = unsafe recv(number, buffer.baseAddress, buffer.count, flags)
      if count > 0 { return .bytes(count) }
      if count == 0 { return .endOfStream }
      let code = errno
      if code == EINTR { continue }
      return code == EAGAIN ? .wouldBlock : .failed(code)
    }
  }

  /// Writes as much as the kernel takes, of what is not empty. send(2)
  @inline(__always)
  static func write(_ number: Int32, _ bytes: UnsafeRawBufferPointer) -> WriteResult {
    while true {
      // The kernel reads at most `count` bytes from the buffer's start, which the caller lends.
      let count = unsafe send(number, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
      if count >= 0 { return .bytes(count) }
      let code = errno
      if code == EINTR { continue }
      return code == EAGAIN ? .wouldBlock : .failed(code)
    }
  }
}
