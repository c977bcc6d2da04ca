import Glibc
import Testing

@testable import Reactor

@Suite struct StreamTests {
  @Test func echo() throws {
    let ends = try Loopback()
    #expect(ends.client.write("hello") == .bytes(5))
    #expect(try ends.server.readExactly(5) == Array("hello".utf8))
    #expect(ends.server.write("HELLO") == .bytes(5))
    #expect(try ends.client.readExactly(5) == Array("HELLO".utf8))
  }

  @Test func nothingToReadYet() throws {
    let ends = try Loopback()
    var buffer = [UInt8](repeating: 0, count: 1)
    #expect(buffer.withUnsafeMutableBytes { ends.server.read(into: $0) } == .wouldBlock)
    #expect(ends.client.write("ab") == .bytes(2))
    #expect(try ends.server.nextRead(1).1 == [0x61])
    #expect(try ends.server.nextRead(1).1 == [0x62])
    #expect(buffer.withUnsafeMutableBytes { ends.server.read(into: $0) } == .wouldBlock)
  }

  @Test(arguments: [(0, 0), (0, 3), (3, 0), (1, 1), (2, 4096), (10, 60000)])
  func gatheredWriteKeepsTheOrder(_ first: Int, _ second: Int) throws {
    let ends = try Loopback()
    let head = (0..<first).map { UInt8(truncatingIfNeeded: $0 &+ 100) }
    let body = (0..<second).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let answer = head.withUnsafeBytes { head in body.withUnsafeBytes { ends.client.write(head, $0) } }
    #expect(answer == .bytes(first + second))
    if first + second > 0 { #expect(try ends.server.readExactly(first + second) == head + body) }
  }

  @Test(arguments: [false, true])
  func partialWritesWithATinySendBuffer(gathered: Bool) throws {
    let ends = try Loopback()
    try ends.client.descriptor.setOption(SOL_SOCKET, SO_SNDBUF, 1)
    let all = (0..<500_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
    var sent = 0
    var refusals = 0
    var partial = 0
    var received: [UInt8] = []
    while received.count < all.count {
      let answer = all.withUnsafeBytes { bytes in
        let rest = bytes[sent...]
        guard gathered, rest.count > 100 else { return ends.client.write(UnsafeRawBufferPointer(rebasing: rest)) }
        return ends.client.write(
          UnsafeRawBufferPointer(rebasing: rest.prefix(100)), UnsafeRawBufferPointer(rebasing: rest.dropFirst(100)))
      }
      switch answer {
      case .bytes(let count):
        sent += count
        if sent < all.count { partial += 1 }
      case .wouldBlock: refusals += 1
      case .failed(let code):
        Issue.record("write failed: \(code)")
        return
      }
      if sent == all.count || answer == .wouldBlock {
        let (answer, bytes) = try ends.server.nextRead()
        guard case .bytes = answer else {
          Issue.record("read answered \(answer)")
          return
        }
        received += bytes
      }
    }
    #expect(received == all)
    #expect(partial > 1)
    #expect(refusals > 1)
  }

  @Test func halfClose() throws {
    let ends = try Loopback()
    #expect(ends.client.write("last") == .bytes(4))
    ends.client.shutdownWrite()
    #expect(try ends.server.readExactly(4) == Array("last".utf8))
    #expect(try ends.server.nextRead().0 == .endOfStream)
    #expect(try ends.server.nextRead().0 == .endOfStream)
    // The other direction is still open.
    #expect(ends.server.write("reply") == .bytes(5))
    #expect(try ends.client.readExactly(5) == Array("reply".utf8))
    #expect(ends.client.write("more") == .failed(EPIPE))
  }

  @Test func reset() throws {
    let ends = try Loopback()
    ends.client.resetOnClose()
    let server = ends.closeClient()
    #expect(try server.nextRead().0 == .failed(ECONNRESET))
    // No SIGPIPE either, or the test run would end here.
    #expect(server.write("x") == .failed(EPIPE))
    let bytes: [UInt8] = [1]
    #expect(bytes.withUnsafeBytes { server.write($0, $0) } == .failed(EPIPE))
  }

  @Test func goingClosesIt() throws {
    let server = try Loopback().closeClient()
    #expect(try server.nextRead().0 == .endOfStream)
  }

  @Test func connectionRefused() throws {
    let port: UInt16
    do { port = try Listener(on: "127.0.0.1:0").address.port }
    let client = try Stream.connect(to: SocketAddress(host: .loopbackIPv4, port: port))
    #expect(try client.waitWritable(milliseconds: 2000) == true)
    #expect(client.connection() == .failed(ECONNREFUSED))
  }

  @Test func connectionEstablished() throws {
    let ends = try Loopback()
    #expect(ends.client.connection() == .connected)
    #expect(ends.server.connection() == .connected)
    #expect(ends.peer.host == .loopbackIPv4)
  }

  @Test func connectionPending() throws {
    // A full backlog leaves the attempt hanging: the kernel drops what it has no room for.
    let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    let crowded = Descriptor(adopting: number)
    let any = SocketAddress(host: .loopbackIPv4, port: 0)
    #expect(any.withKernelForm { bind(number, $0, $1) } == 0)
    #expect(listen(crowded.number, 0) == 0)
    let address = try #require(SocketAddress.filled { getsockname(number, $0, $1) }.address)
    let first = try Stream.connect(to: address)
    #expect(try first.waitWritable(milliseconds: 2000) == true)
    let second = try Stream.connect(to: address)
    #expect(second.connection() == .connecting)
    #expect(try second.waitWritable(milliseconds: 20) == false)
    #expect(first.connection() == .connected)
  }

  @Test func waitingHasALimit() throws {
    let ends = try Loopback()
    let start = Clock.milliseconds
    #expect(try ends.server.waitReadable(milliseconds: 30) == false)
    #expect(Clock.milliseconds - start >= 30)
    #expect(try ends.server.waitReadable(milliseconds: 0) == false)
    #expect(ends.client.write("x") == .bytes(1))
    #expect(try ends.server.waitReadable(milliseconds: 2000) == true)
  }
}
