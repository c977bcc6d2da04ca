import Glibc

/// One end of a TCP connection. Never blocks; small writes leave at once (TCP_NODELAY); closed when it goes.
public struct Stream: ~Copyable, Sendable {
  public let descriptor: Descriptor

  /// Takes over a connected (or connecting) socket that does not block.
  public init(_ descriptor: consuming Descriptor) {
    self.descriptor = descriptor
  }

  /// Reads what is there, up to the size of `buffer`, which must not be empty. recv(2)
  public func read(into buffer: UnsafeMutableRawBufferPointer) -> ReadResult {
    unsafe receive(into: buffer, 0)
  }

  @inline(__always)
  private func receive(into buffer: UnsafeMutableRawBufferPointer, _ flags: Int32) -> ReadResult {
    // Zero bytes into no room would look like the end of the stream.
    precondition(buffer.count > 0)
    while true {
      // The kernel writes at most `count` bytes from the buffer's start, which the caller lends.
      let count = unsafe recv(descriptor.number, buffer.baseAddress, buffer.count, flags)
      if count > 0 { return .bytes(count) }
      if count == 0 { return .endOfStream }
      let code = errno
      if code == EINTR { continue }
      return code == EAGAIN ? .wouldBlock : .failed(code)
    }
  }

  /// Reads as `read` does and leaves it there for the next read. recv(2), MSG_PEEK
  public func peek(into buffer: UnsafeMutableRawBufferPointer) -> ReadResult {
    unsafe receive(into: buffer, Int32(MSG_PEEK))
  }

  /// Has the kernel forget what is still to be sent when this is closed, and tell the other side by a reset. socket(7)
  public func resetOnClose() { try? descriptor.setLinger(seconds: 0) }

  /// Has the kernel keep about so many bytes that the other side has not acknowledged, instead of megabytes.
  public func limitSendBuffer(bytes: Int) { try? descriptor.setOption(SOL_SOCKET, SO_SNDBUF, Int32(bytes)) }

  /// Writes as much as the kernel takes. send(2)
  public func write(_ bytes: UnsafeRawBufferPointer) -> WriteResult {
    if unsafe bytes.isEmpty { return .bytes(0) }
    while true {
      // The kernel reads at most `count` bytes from the buffer's start, which the caller lends.
      let count = unsafe send(descriptor.number, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
      if count >= 0 { return .bytes(count) }
      let code = errno
      if code == EINTR { continue }
      return code == EAGAIN ? .wouldBlock : .failed(code)
    }
  }

  /// Writes `first` and then `second` in one call, as much of both as the kernel takes. sendmsg(2)
  public func write(_ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer) -> WriteResult {
    if unsafe second.isEmpty { return unsafe write(first) }
    if unsafe first.isEmpty { return unsafe write(second) }
    // The kernel only reads through these pointers; the vectors live on this frame and the bytes are the caller's.
    var vectors = unsafe (
      iovec(iov_base: UnsafeMutableRawPointer(mutating: first.baseAddress), iov_len: first.count),
      iovec(iov_base: UnsafeMutableRawPointer(mutating: second.baseAddress), iov_len: second.count)
    )
    return unsafe withUnsafeMutableBytes(of: &vectors) { vectors in
      var message = unsafe msghdr()
      // A tuple of two of the same type is laid out as an array of two.
      unsafe message.msg_iov = unsafe vectors.baseAddress?.assumingMemoryBound(to: iovec.self)
      unsafe message.msg_iovlen = 2
      while true {
        let count = unsafe sendmsg(descriptor.number, &message, Int32(MSG_NOSIGNAL))
        if count >= 0 { return .bytes(count) }
        let code = errno
        if code == EINTR { continue }
        return code == EAGAIN ? .wouldBlock : .failed(code)
      }
    }
  }

  /// Says that nothing further will be written; reading goes on. An error means the connection is gone, which the
  /// next read tells too. shutdown(2)
  public func shutdownWrite() {
    _ = shutdown(descriptor.number, Int32(SHUT_WR))
  }
}

public enum ReadResult: Equatable, Sendable {
  /// At least one.
  case bytes(Int)
  /// Nothing there yet.
  case wouldBlock
  /// The other end will send nothing further.
  case endOfStream
  /// `errno`; the connection is lost.
  case failed(Int32)
}

public enum WriteResult: Equatable, Sendable {
  /// How many were taken, perhaps fewer than offered.
  case bytes(Int)
  /// None: the kernel's buffer is full.
  case wouldBlock
  /// `errno`; the connection is lost.
  case failed(Int32)
}
