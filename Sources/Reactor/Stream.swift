import Glibc

/// One end of a TCP connection, plain or with TLS. Never blocks; small writes leave at once (TCP_NODELAY); closed when it
/// goes.
public struct Stream: ~Copyable {
  /// Outlives the session, which has its number.
  public let descriptor: Descriptor
  /// Nil for plain TCP.
  var session: TLSSession?

  /// Takes over a connected (or connecting) socket that does not block.
  public init(_ descriptor: consuming Descriptor) {
    self.descriptor = descriptor
  }

  /// Reads what is there, up to the size of `buffer`, which must not be empty, and with TLS have room for
  /// ``roomBytesMin``. recv(2)
  public func read(into buffer: UnsafeMutableRawBufferPointer) -> ReadResult {
    switch session {
    case .none: unsafe PlainSocket.read(descriptor.number, buffer)
    case .some(let session): unsafe session.read(into: buffer)
    }
  }

  /// Reads what a plain stream would read and leaves it there for the next read. recv(2), MSG_PEEK
  public func peek(into buffer: UnsafeMutableRawBufferPointer) -> ReadResult {
    unsafe PlainSocket.read(descriptor.number, buffer, Int32(MSG_PEEK))
  }

  /// Has the kernel forget what is still to be sent when this is closed, and tell the other side by a reset. socket(7)
  public func resetOnClose() { try? descriptor.setLinger(seconds: 0) }

  /// Has the kernel keep about so many bytes that the other side has not acknowledged, instead of megabytes.
  public func limitSendBuffer(bytes: Int) { try? descriptor.setOption(SOL_SOCKET, SO_SNDBUF, Int32(bytes)) }

  /// Writes as much as the kernel takes. send(2)
  public func write(_ bytes: UnsafeRawBufferPointer) -> WriteResult {
    if unsafe bytes.isEmpty { return .bytes(0) }
    return switch session {
    case .none: unsafe PlainSocket.write(descriptor.number, bytes)
    case .some(let session): unsafe session.write(bytes)
    }
  }

  /// Writes `first` and then `second` in one call, as much of both as the kernel takes. sendmsg(2)
  public func write(_ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer) -> WriteResult {
    if unsafe second.isEmpty { return unsafe write(first) }
    if unsafe first.isEmpty { return unsafe write(second) }
    if session != nil {
      // A record each: OpenSSL gathers nothing.
      let answer = unsafe write(first)
      guard answer == .bytes(first.count), case .bytes(let more) = unsafe write(second) else { return answer }
      return .bytes(first.count + more)
    }
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
    switch session {
    case .none: break
    case .some(let session): session.sayGoodbye()
    }
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
