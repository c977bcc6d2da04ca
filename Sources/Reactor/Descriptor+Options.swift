import Glibc

extension Descriptor {
  /// Sets an integer socket option. setsockopt(2)
  func setOption(_ level: Int32, _ name: Int32, _ value: Int32) throws(SystemError) {
    var value = value
    // The kernel copies as many bytes as the length says from a local.
    guard unsafe setsockopt(number, level, name, &value, socklen_t(MemoryLayout<Int32>.size)) == 0 else {
      throw SystemError("setsockopt", errno)
    }
  }

  /// How long a close waits for what is still to be sent; 0 forgets it and resets the connection. SO_LINGER, socket(7)
  func setLinger(seconds: Int32) throws(SystemError) {
    var value = linger(l_onoff: 1, l_linger: seconds)
    // The kernel copies as many bytes as the length says from a local.
    guard unsafe setsockopt(number, SOL_SOCKET, SO_LINGER, &value, socklen_t(MemoryLayout<linger>.size)) == 0 else {
      throw SystemError("setsockopt", errno)
    }
  }

  /// Reads an integer socket option. getsockopt(2)
  func option(_ level: Int32, _ name: Int32) throws(SystemError) -> Int32 {
    var value: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    // The kernel writes at most `length` bytes into a local.
    guard unsafe getsockopt(number, level, name, &value, &length) == 0 else {
      throw SystemError("getsockopt", errno)
    }
    return value
  }
}
