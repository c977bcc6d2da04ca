import CLinux
import Glibc

/// A socket that newcomers connect to. Does not block; not inherited by child processes.
public struct Listener: ~Copyable {
  /// Connections that the kernel completes ahead of ``accept()``; net.core.somaxconn may allow fewer.
  public static var backlogMax: Int32 { 4096 }

  public let descriptor: Descriptor
  /// The address really bound, so with the port that the system chose for port 0.
  public let address: SocketAddress
  /// Newcomers in a row whom one call passes over because they are gone again, so that many of them hold nobody up.
  private static var goneMax: Int { 64 }
  /// An open file to give up when there are no others, so that a newcomer can be turned away. See ``accept()``.
  private var spare: Descriptor?

  /// Binds and listens. The text is that of ``ListenAddress``.
  public init(on text: String) throws(SystemError) {
    try self.init(on: try ListenAddress(parsing: text))
  }

  public init(on wanted: ListenAddress) throws(SystemError) {
    let bound = try Self.bound(to: wanted)
    let number = bound.number
    let name = unsafe SocketAddress.filled { unsafe getsockname(number, $0, $1) }
    guard let address = name.address else { throw SystemError("getsockname", name.code) }
    descriptor = bound
    self.address = address
    spare = Self.openSpare()
  }

  /// Has the kernel keep about so many bytes of what newcomers from now on have not acknowledged; 0 leaves it to the
  /// kernel, which takes megabytes for a client that reads nothing. They inherit it.
  public func limitSendBuffers(bytes: Int) {
    if bytes > 0 { try? descriptor.setOption(SOL_SOCKET, SO_SNDBUF, Int32(clamping: bytes)) }
  }

  private static func bound(to wanted: ListenAddress) throws(SystemError) -> Descriptor {
    do throws(SystemError) {
      return try bound(to: wanted.address, bothFamilies: wanted.bothFamilies)
    } catch {
      // A machine without IPv6 still has the other half of "both families".
      guard wanted.bothFamilies, error.code == EAFNOSUPPORT || error.code == EADDRNOTAVAIL else { throw error }
      return try bound(to: SocketAddress(host: .anyIPv4, port: wanted.address.port), bothFamilies: false)
    }
  }

  /// socket(2), setsockopt(2), bind(2), listen(2)
  private static func bound(to address: SocketAddress, bothFamilies: Bool) throws(SystemError) -> Descriptor {
    let kind = SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue
    let number = socket(address.family, Int32(kind), 0)
    guard number >= 0 else { throw refusal("socket", errno, address) }
    let descriptor = Descriptor(adopting: number)
    // Restarting must not wait until connections of the former process have left TIME_WAIT.
    try descriptor.setOption(SOL_SOCKET, SO_REUSEADDR, 1)
    // Newcomers inherit this from the listening socket, which saves a call for each.
    try descriptor.setOption(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
    if address.family == AF_INET6 {
      try descriptor.setOption(Int32(IPPROTO_IPV6), IPV6_V6ONLY, bothFamilies ? 0 : 1)
    }
    guard unsafe address.withKernelForm({ unsafe bind(number, $0, $1) }) == 0 else {
      throw refusal("bind", errno, address)
    }
    guard listen(number, backlogMax) == 0 else { throw refusal("listen", errno, address) }
    return descriptor
  }

  private static func refusal(_ call: String, _ code: Int32, _ address: SocketAddress) -> SystemError {
    let reason =
      switch code {
      case EADDRINUSE:
        "port \(address.port) is in use: stop the other program or choose another port"
      case EACCES:
        "port \(address.port) needs privileges: choose one from 1024 up or grant CAP_NET_BIND_SERVICE"
      case EADDRNOTAVAIL:
        "this machine does not have the address \(address.host): choose one of its own, or 0.0.0.0 for all"
      case EAFNOSUPPORT:
        "this machine does not speak \(address.family == AF_INET6 ? "IPv6" : "IPv4")"
      default: "\(call): \(SystemError.text(of: code))"
      }
    return SystemError(call, code, "cannot listen on \(address): \(reason)")
  }

  private static func openSpare() -> Descriptor? {
    let number = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
    return number >= 0 ? Descriptor(adopting: number) : nil
  }

  /// Takes the next newcomer. Call until the answer is `nobody`, or a bounded number of times per turn. accept4(2)
  public mutating func accept() -> AcceptAnswer {
    for _ in 0..<Self.goneMax {
      let code: Int32
      switch take() {
      case .newcomer(let number, let peer): return .newcomer(Stream(Descriptor(adopting: number)), peer)
      case .failed(let failure): code = failure
      }
      switch code {
      case EAGAIN: return .nobody
      // The newcomer left before it was welcomed, or its network failed: the queue is one shorter, so look again.
      case EINTR, ECONNABORTED, EPROTO, EPERM, ENETDOWN, ENETUNREACH, EHOSTDOWN, EHOSTUNREACH, ENONET, ENOPROTOOPT:
        continue
      case EMFILE, ENFILE: return turnAway(code)
      default: return .failed(SystemError("accept4", code))
      }
    }
    // The listener stays readable, so that the next turn goes on here.
    return .nobody
  }

  private enum Taken {
    case newcomer(Int32, SocketAddress)
    case failed(Int32)
  }

  private func take() -> Taken {
    let number = descriptor.number
    let flags = Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let taken = unsafe SocketAddress.filled { unsafe linux_accept4(number, $0, $1, flags) }
    guard taken.answer >= 0 else { return .failed(taken.code) }
    guard let peer = taken.address else { preconditionFailure("a peer of neither IP family on an IP socket") }
    return .newcomer(taken.answer, peer)
  }

  /// Out of descriptors: left alone, the newcomer would stay in the queue and the listener readable for ever. Gives the
  /// spare up for one accept, hangs up, and takes the spare back. `code` is why there was no descriptor.
  private mutating func turnAway(_ code: Int32) -> AcceptAnswer {
    guard spare != nil else {
      spare = Self.openSpare()
      return .failed(SystemError("accept4", code))
    }
    spare = nil
    let taken = take()
    if case .newcomer(let number, _) = taken { _ = Descriptor(adopting: number) }
    spare = Self.openSpare()
    switch taken {
    case .newcomer: return .exhausted
    // The kernel wants a descriptor before it looks at the queue, which turns out to be empty.
    case .failed(EAGAIN): return .nobody
    case .failed(let code): return .failed(SystemError("accept4", code))
    }
  }
}

/// What ``Listener/accept()`` came back with.
public enum AcceptAnswer: ~Copyable {
  case newcomer(Stream, SocketAddress)
  /// The queue is empty, or has only had newcomers who are gone.
  case nobody
  /// No file descriptor is left; one newcomer was hung up on. Worth a warning and a metric; go on.
  case exhausted
  /// Nothing was taken from the queue, so the listener stays readable: put its interest to none for a moment.
  case failed(SystemError)
}
