import Glibc
import Testing

@testable import Reactor

@Suite struct ListenerTests {
  @Test(arguments: ["127.0.0.1:0", "[::1]:0", "localhost:0"])
  func acceptsAndKnowsThePeer(_ text: String) throws {
    var listener = try Listener(on: text)
    #expect(listener.address.port != 0)
    guard case .nobody = listener.accept() else {
      Issue.record("somebody came to an empty queue")
      return
    }
    let client = try Stream.connect(to: listener.address)
    try #require(waitForNewcomer(listener) == true)
    guard case .newcomer(let server, let peer) = listener.accept() else {
      Issue.record("nobody came")
      return
    }
    let number = client.descriptor.number
    #expect(SocketAddress.filled { getsockname(number, $0, $1) }.address == peer)
    #expect(try server.descriptor.option(Int32(IPPROTO_TCP), TCP_NODELAY) == 1)
    #expect(try client.descriptor.option(Int32(IPPROTO_TCP), TCP_NODELAY) == 1)
    for descriptor in [server.descriptor.number, client.descriptor.number, listener.descriptor.number] {
      #expect(fcntl(descriptor, F_GETFD) & FD_CLOEXEC != 0)
      #expect(fcntl(descriptor, F_GETFL) & O_NONBLOCK != 0)
    }
  }

  @Test func bothFamiliesOnOneSocket() throws {
    var listener = try Listener(on: ":0")
    for host in [HostAddress.loopbackIPv4, .loopbackIPv6] {
      let client = try Stream.connect(to: SocketAddress(host: host, port: listener.address.port))
      #expect(try client.waitWritable(milliseconds: 2000) == true)
      guard case .newcomer(_, let peer) = listener.accept() else {
        Issue.record("nobody came over \(host)")
        return
      }
      #expect(peer.host == host)
    }
  }

  @Test func theTwoFamiliesShareAPortWhenBoundApart() throws {
    let ipv4 = try Listener(on: "0.0.0.0:0")
    let ipv6 = try Listener(on: "[::]:\(ipv4.address.port)")
    #expect(ipv6.address.port == ipv4.address.port)
    #expect(try ipv6.descriptor.option(Int32(IPPROTO_IPV6), IPV6_V6ONLY) == 1)
  }

  @Test func portInUse() throws {
    let first = try Listener(on: "127.0.0.1:0")
    let port = first.address.port
    do throws(SystemError) {
      _ = try Listener(on: "127.0.0.1:\(port)")
      Issue.record("two listeners on one port")
    } catch {
      #expect(error.call == "bind")
      #expect(error.code == EADDRINUSE)
      #expect(
        error.description == "cannot listen on 127.0.0.1:\(port): port \(port) is in use: "
          + "stop the other program or choose another port")
    }
  }

  @Test func foreignAddress() {
    do throws(SystemError) {
      _ = try Listener(on: "192.0.2.1:0")
      Issue.record("listening on somebody else's address")
    } catch {
      #expect(error.code == EADDRNOTAVAIL)
      #expect(
        error.description == "cannot listen on 192.0.2.1:0: this machine does not have the address 192.0.2.1: "
          + "choose one of its own, or 0.0.0.0 for all")
    }
  }

  @Test func restartsWhileOldConnectionsLinger() throws {
    let address: SocketAddress
    do {
      var first = try Listener(on: "127.0.0.1:0")
      address = first.address
      let client = try Stream.connect(to: address)
      try #require(waitForNewcomer(first) == true)
      guard case .newcomer(let server, _) = first.accept() else {
        Issue.record("nobody came")
        return
      }
      // The server closes first, so its end goes to TIME_WAIT.
      server.shutdownWrite()
      #expect(try client.nextRead().0 == .endOfStream)
      client.shutdownWrite()
      #expect(try server.nextRead().0 == .endOfStream)
    }
    let second = try Listener(on: address.description)
    #expect(second.address == address)
  }

  @Test func aNewcomerThatResetsBeforeAcceptDoesNoHarm() throws {
    var listener = try Listener(on: "127.0.0.1:0")
    do {
      let client = try Stream.connect(to: listener.address)
      #expect(try client.waitWritable(milliseconds: 2000) == true)
      client.resetOnClose()
    }
    let client = try Stream.connect(to: listener.address)
    #expect(try client.waitWritable(milliseconds: 2000) == true)
    var welcomed = 0
    accepting: while true {
      switch listener.accept() {
      case .newcomer: welcomed += 1
      case .nobody: break accepting
      default:
        Issue.record("the listener broke")
        break accepting
      }
    }
    // Linux hands the reset connection out all the same; it would be skipped where it does not.
    #expect((1...2).contains(welcomed))
  }

  /// In a process of its own, since the limit is the process's.
  @Test func outOfDescriptors() async {
    await #expect(processExitsWith: .success) {
      var listener = try Listener(on: "127.0.0.1:0")
      let before = try Stream.connect(to: listener.address)
      try #require(try before.waitWritable(milliseconds: 2000) == true)
      let refused = try Stream.connect(to: listener.address)
      try #require(try refused.waitWritable(milliseconds: 2000) == true)

      // A low limit, and every number below it in use.
      var limit = rlimit()
      try #require(getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
      let soft = limit.rlim_cur
      limit.rlim_cur = 256
      try #require(setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
      while dup(0) >= 0 {}
      try #require(errno == EMFILE)

      // The spare is given up and taken back: each newcomer is hung up on, and the queue gets shorter.
      for _ in 0..<2 {
        // The client may know of its connection before this side does.
        var watched = pollfd(fd: listener.descriptor.number, events: Int16(POLLIN), revents: 0)
        try #require(poll(&watched, 1, 2000) == 1)
        guard case .exhausted = listener.accept() else { exit(2) }
      }
      guard case .nobody = listener.accept() else { exit(3) }
      guard try before.nextRead().0 == .endOfStream, try refused.nextRead().0 == .endOfStream else { exit(4) }

      // With one descriptor free again, the next newcomer is welcome.
      limit.rlim_cur = soft
      try #require(setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
      let welcome = try Stream.connect(to: listener.address)
      try #require(try welcome.waitWritable(milliseconds: 2000) == true)
      guard case .newcomer(let server, _) = listener.accept() else { exit(5) }
      guard server.write("x") == .bytes(1), try welcome.nextRead().1 == [0x78] else { exit(6) }
      exit(0)
    }
  }
}

extension Stream {
  /// Lets the close send RST instead of FIN.
  func resetOnClose() {
    var now = linger(l_onoff: 1, l_linger: 0)
    let answer = setsockopt(
      descriptor.number, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
    precondition(answer == 0)
  }
}
