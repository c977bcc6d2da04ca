import Glibc

extension Stream {
  /// Starts to connect and does not wait: the stream becomes writable when the attempt has come to an end, and
  /// ``connection()`` tells which. socket(2), connect(2)
  public static func connect(to address: SocketAddress) throws(SystemError) -> Stream {
    let kind = SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue
    let number = socket(address.family, Int32(kind), 0)
    guard number >= 0 else { throw SystemError("socket", errno) }
    let descriptor = Descriptor(adopting: number)
    try descriptor.setOption(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
    var code: Int32 = 0
    _ = unsafe address.withKernelForm {
      let answer = unsafe Glibc.connect(number, $0, $1)
      if answer < 0 { code = errno }
      return answer
    }
    // Interrupted, a socket that does not block goes on connecting all the same.
    guard code == 0 || code == EINPROGRESS || code == EINTR else {
      throw SystemError("connect", code, "cannot connect to \(address): \(SystemError.text(of: code))")
    }
    return Stream(descriptor)
  }

  /// Notices within a minute and a half when the other machine is gone, though nothing is to be sent. tcp(7)
  public func keepAlive() throws(SystemError) {
    try descriptor.setOption(SOL_SOCKET, SO_KEEPALIVE, 1)
    for (name, value) in [(TCP_KEEPIDLE, 60), (TCP_KEEPINTVL, 10), (TCP_KEEPCNT, 3)] {
      try descriptor.setOption(Int32(IPPROTO_TCP), name, Int32(value))
    }
  }

  /// How far an attempt to connect has come. The reason of a failure is told once; the kernel forgets it.
  public func connection() -> ConnectAnswer {
    do throws(SystemError) {
      let code = try descriptor.option(SOL_SOCKET, SO_ERROR)
      if code != 0 { return .failed(code) }
    } catch {
      return .failed(error.code)
    }
    let number = descriptor.number
    let peer = unsafe SocketAddress.filled { unsafe getpeername(number, $0, $1) }
    switch peer.code {
    case 0: return .connected
    case ENOTCONN: return .connecting
    default: return .failed(peer.code)
    }
  }
}

public enum ConnectAnswer: Equatable, Sendable {
  case connecting
  case connected
  /// `errno`, such as ECONNREFUSED.
  case failed(Int32)
}
