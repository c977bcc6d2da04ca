import Glibc

/// For a client with one connection at a time. A loop with several uses ``Reactor``.
extension Stream {
  /// Waits until there is something to read (the end of the stream and errors count) and answers true, or false when
  /// `milliseconds` have passed. poll(2)
  public func waitReadable(milliseconds: Int) throws(SystemError) -> Bool {
    try wait(for: Int16(POLLIN), milliseconds)
  }

  /// The same for room to write, or the end of an attempt to connect.
  public func waitWritable(milliseconds: Int) throws(SystemError) -> Bool {
    try wait(for: Int16(POLLOUT), milliseconds)
  }

  private func wait(for events: Int16, _ milliseconds: Int) throws(SystemError) -> Bool {
    precondition(milliseconds >= 0)
    let deadline = Clock.milliseconds + UInt64(milliseconds)
    var watched = pollfd(fd: descriptor.number, events: events, revents: 0)
    while true {
      let now = Clock.milliseconds
      let left = deadline > now ? Int32(clamping: deadline - now) : 0
      // One entry, a local.
      let answer = unsafe poll(&watched, 1, left)
      if answer > 0 { return true }
      if answer < 0 {
        let code = errno
        guard code == EINTR else { throw SystemError("poll", code) }
      }
      if Clock.milliseconds >= deadline { return false }
    }
  }
}
