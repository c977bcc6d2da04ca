import Glibc

/// A listening socket that whoever has started this process has opened for it.
public final class InheritedSocket {
  /// What the operator's socket is called.
  public static let adminName = "admin"

  public let name: String
  public let address: SocketAddress
  /// Whether an IPv6 socket takes callers of IPv4 as well.
  public let bothFamilies: Bool
  private var descriptor: Descriptor?
  /// Whether it serves an address.
  public private(set) var isTaken = false

  /// Takes over a descriptor that has come with the process, if it is a stream socket of IP that listens.
  init(_ number: Int32, _ name: String) throws(SystemError) {
    self.name = name
    guard fcntl(number, F_SETFD, FD_CLOEXEC) == 0 else { throw Self.refusal(number, "is not open") }
    let descriptor = Descriptor(adopting: number)
    let isStream = (try? descriptor.option(SOL_SOCKET, SO_TYPE)) == Int32(SOCK_STREAM.rawValue)
    guard isStream, (try? descriptor.option(SOL_SOCKET, SO_ACCEPTCONN)) == 1 else {
      throw Self.refusal(number, "is not a stream socket that listens (ListenStream=, without Accept=yes)")
    }
    let bound = unsafe SocketAddress.filled { unsafe getsockname(number, $0, $1) }
    guard let address = bound.address else { throw Self.refusal(number, "is not bound to an IP address and port") }
    self.address = address
    bothFamilies = address.host.ipv4 == nil && (try? descriptor.option(Int32(IPPROTO_IPV6), IPV6_V6ONLY)) == 0
    guard fcntl(number, F_SETFL, fcntl(number, F_GETFL) | O_NONBLOCK) == 0 else { throw SystemError("fcntl", errno) }
    self.descriptor = consume descriptor
  }

  private static func refusal(_ number: Int32, _ problem: String) -> SystemError {
    SystemError("LISTEN_FDS", EINVAL, "LISTEN_FDS: descriptor \(number) \(problem)")
  }

  /// The socket itself, once.
  func take() -> Descriptor? {
    isTaken = true
    return descriptor.take()
  }

  /// As an operator would write its address.
  public var text: String { bothFamilies ? ":\(address.port)" : address.description }
}

extension InheritedSocket {
  /// For each wanted address the position of the socket that serves it, nil where none does. Each serves one. One that
  /// is called `admin` is for the operator alone.
  ///
  /// First those that are bound just so; then IPv4 alone in place of both families, as on a machine without IPv6, and
  /// both in place of IPv6; then, for port 0, which is any, what nobody else wants.
  public static func assign(
    _ sockets: [InheritedSocket], to wanted: [(address: ListenAddress, isAdmin: Bool)]
  ) -> [Int?] {
    var answer = [Int?](repeating: nil, count: wanted.count)
    var left = Array(sockets.indices)
    func match(_ isFit: (InheritedSocket, ListenAddress, _ isAdmin: Bool) -> Bool) {
      for (index, wish) in wanted.enumerated() where answer[index] == nil {
        let found = left.firstIndex { place in
          let socket = sockets[place]
          return (wish.isAdmin || socket.name != adminName) && isFit(socket, wish.address, wish.isAdmin)
        }
        if let found { answer[index] = left.remove(at: found) }
      }
    }
    match { socket, wish, _ in socket.address == wish.address && socket.bothFamilies == wish.bothFamilies }
    match { socket, wish, _ in
      guard wish.bothFamilies else { return socket.address == wish.address }
      return socket.address == SocketAddress(host: .anyIPv4, port: wish.address.port)
    }
    match { socket, wish, isAdmin in
      let isFree = wish.address.port == 0 && (socket.name == adminName) == isAdmin
      return isFree && socket.address.host == wish.address.host && socket.bothFamilies == wish.bothFamilies
    }
    return answer
  }
}
