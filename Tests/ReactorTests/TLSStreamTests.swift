import CCrypto
import Glibc
import Testing

@testable import Reactor

/// Two streams that are connected in the kernel's memory, one a server's end of TLS and the other a client's.
private struct SecurePair: ~Copyable {
  var client: Stream
  var server: Stream

  init(
    _ contexts: [TLSCertificate] = [TestCertificate.one], _ trust: TLSContext.Trust = .anybody,
    host: String = "one.test"
  ) throws {
    var numbers: [Int32] = [0, 0]
    let kind = SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue
    try #require(socketpair(AF_UNIX, Int32(kind), 0, &numbers) == 0)
    let (serving, trusting) = (try TLSContext(serving: contexts), try TLSContext(trusting: trust))
    client = Stream(Descriptor(adopting: numbers[0]))
    server = Stream(Descriptor(adopting: numbers[1]))
    let isSecure = server.secure(with: serving) && client.secure(with: trusting, host: host)
    #expect(isSecure)
  }

  /// What both have read in the end: nothing, when the handshake has gone well.
  func shakeHands() -> (client: ReadResult, server: ReadResult) {
    var results = (client: ReadResult.wouldBlock, server: ReadResult.wouldBlock)
    for _ in 0..<10 where results == (.wouldBlock, .wouldBlock) {
      results = (client.nextSecureRead().0, server.nextSecureRead().0)
    }
    return results
  }
}

extension Stream {
  fileprivate func nextSecureRead(_ size: Int = 256 << 10) -> (ReadResult, [UInt8]) {
    var buffer = [UInt8](repeating: 0, count: size)
    let answer = buffer.withUnsafeMutableBytes { read(into: $0) }
    guard case .bytes(let count) = answer else { return (answer, []) }
    return (answer, Array(buffer[..<count]))
  }

  /// Writes as much as is taken; answers how much that was.
  fileprivate func writeSome(_ bytes: ArraySlice<UInt8>) -> Int {
    guard case .bytes(let count) = bytes.withUnsafeBytes({ write($0) }) else { return 0 }
    return count
  }
}

@Suite struct TLSStreamTests {
  private static let some = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }

  @Test func echo() throws {
    let pair = try SecurePair()
    #expect(pair.server.isEstablished == false)
    #expect(pair.shakeHands() == (.wouldBlock, .wouldBlock))
    #expect((pair.server.isEstablished && pair.client.isEstablished) == true)
    #expect(pair.client.write("hello") == .bytes(5))
    #expect(pair.server.nextSecureRead().1 == Array("hello".utf8))
    #expect(pair.server.write("HELLO") == .bytes(5))
    #expect(pair.client.nextSecureRead().1 == Array("HELLO".utf8))
    #expect(pair.client.nextSecureRead().0 == .wouldBlock)
    #expect(pair.server.write("") == .bytes(0))
  }

  /// Nothing is left where the loop would not see it: after each read the socket alone knows whether there is more.
  @Test(arguments: [Stream.roomBytesMin, Stream.roomBytesMin + 1, 50_000, 256 << 10])
  func whatHasComeIsReadToTheEnd(_ room: Int) throws {
    let pair = try SecurePair()
    _ = pair.shakeHands()
    var sent = 0
    for size in [1, 16_384, 1, 16_383, 5, 16_384, 16_384, 7, 30_000, 1, 1, 1, 40_000] {
      sent += pair.client.writeSome(Self.some[sent..<(sent + size)])
    }
    var received: [UInt8] = []
    while try pair.server.waitReadable(milliseconds: 0) {
      let (answer, bytes) = pair.server.nextSecureRead(room)
      guard case .bytes = answer else {
        #expect(answer == .wouldBlock)
        continue
      }
      received += bytes
    }
    #expect(received.count == sent)
    #expect(received == Array(Self.some[..<sent]))
  }

  /// A megabyte each way through small buffers of the kernel, both at once, with bytes appended between two tries.
  @Test func partialWrites() throws {
    let pair = try SecurePair()
    _ = pair.shakeHands()
    pair.client.limitSendBuffer(bytes: 5000)
    pair.server.limitSendBuffer(bytes: 5000)
    var (sentUp, sentDown) = (0, 0)
    var (up, down): ([UInt8], [UInt8]) = ([], [])
    for turn in 0..<20_000 where up.count < Self.some.count || down.count < Self.some.count {
      sentUp += pair.client.writeSome(Self.some[sentUp..<min(Self.some.count, sentUp + 20_000 + turn % 7)])
      sentDown += pair.server.writeSome(Self.some[sentDown..<min(Self.some.count, sentDown + 40_000 + turn % 5)])
      up += pair.server.nextSecureRead().1
      down += pair.client.nextSecureRead().1
    }
    #expect(up == Self.some)
    #expect(down == Self.some)
  }

  /// The server's part of the handshake does not fit into its socket: it reads on once there is room.
  @Test func aReadThatWaitsForRoom() throws {
    let pair = try SecurePair()
    // Bytes that are no TLS fill the socket, and are taken out again below.
    let junk = [UInt8](repeating: 0, count: 500)
    var filled = 0
    while case let count = send(pair.server.descriptor.number, junk, junk.count, 0), count > 0 { filled += count }
    var junkLeft = filled
    let ssl = pair.client.sslForTests
    #expect(SSL_do_handshake(ssl) == -1)
    for _ in 0..<3 {
      // As often as the loop likes.
      #expect(pair.server.nextSecureRead().0 == .wouldBlock)
      #expect(pair.server.isEntangled == true)
      #expect(pair.server.wantsRoom(toWrite: false) == true)
      #expect(pair.server.wantsRoom(toWrite: true) == true)
    }

    var room = [UInt8](repeating: 0, count: filled)
    while junkLeft > 0 { junkLeft -= max(0, recv(pair.client.descriptor.number, &room, junkLeft, 0)) }
    #expect(pair.server.nextSecureRead().0 == .wouldBlock)
    #expect(pair.server.isEntangled == false)
    #expect(pair.server.wantsRoom(toWrite: false) == false)
    #expect(pair.shakeHands() == (.wouldBlock, .wouldBlock))
    #expect(pair.client.write("hello") == .bytes(5))
    #expect(pair.server.nextSecureRead().1 == Array("hello".utf8))
  }

  /// Keys that the client has changed, and asks the server to change, in the middle of what it says.
  @Test func changedKeys() throws {
    let pair = try SecurePair()
    _ = pair.shakeHands()
    let ssl = pair.client.sslForTests
    for kind in [SSL_KEY_UPDATE_REQUESTED, SSL_KEY_UPDATE_NOT_REQUESTED, SSL_KEY_UPDATE_REQUESTED] {
      #expect(SSL_key_update(ssl, kind) == 1)
      #expect(pair.client.write("hello") == .bytes(5))
      #expect(pair.server.nextSecureRead().1 == Array("hello".utf8))
      #expect(pair.server.isEntangled == false)
      #expect(pair.server.write("HELLO") == .bytes(5))
      #expect(pair.client.nextSecureRead().1 == Array("HELLO".utf8))
    }
  }

  @Test func aWordOfGoodbye() throws {
    let pair = try SecurePair()
    _ = pair.shakeHands()
    _ = pair.client.write("last")
    pair.client.shutdownWrite()
    #expect(pair.server.nextSecureRead().1 == Array("last".utf8))
    #expect(try pair.server.waitReadable(milliseconds: 1000) == true)
    #expect(pair.server.nextSecureRead().0 == .endOfStream)
    #expect(pair.server.nextSecureRead().0 == .endOfStream)
    #expect(pair.server.write("still") == .bytes(5))
    #expect(pair.client.nextSecureRead().1 == Array("still".utf8))
  }

  @Test func certificatesAreCheckedByTheClient() throws {
    let path = "/tmp/lobbyist-tls-\(getpid()).pem"
    try #require(FileSystem.writeForTests(path, TestCertificate.oneChain + TestCertificate.twoChain))
    defer { unlink(path) }
    let both = [TestCertificate.one, TestCertificate.two]
    for host in ["one.test", "two.test", "a.two.test"] {
      let pair = try SecurePair(both, .file(path), host: host)
      #expect(pair.shakeHands() == (.wouldBlock, .wouldBlock), "\(host)")
      #expect(pair.server.isEstablished == true, "\(host)")
    }
    for host in ["three.test", "a.b.two.test", "127.0.0.1"] {
      let pair = try SecurePair(both, .file(path), host: host)
      #expect(pair.shakeHands().client == .failed(EPROTO), "\(host)")
      #expect(pair.client.problem == "certificate verify failed")
      #expect(pair.shakeHands().server == .failed(EPROTO))
    }
    let stranger = try SecurePair(both, .system)
    #expect(stranger.shakeHands().client == .failed(EPROTO))
  }

  @Test func textInPlaceOfTLS() throws {
    var pair = try SecurePair()
    pair.client.expose()
    _ = pair.client.write("GET / HTTP/1.1\r\n\r\n")
    #expect(pair.server.nextSecureRead().0 == .failed(EPROTO))
    #expect(pair.server.isPlainText == true)
    #expect(pair.server.problem == "it is not encrypted")
    pair.server.expose()
    #expect((pair.server.isEstablished && !pair.server.isPlainText) == true)
    _ = pair.server.write("400")
    #expect(pair.client.nextSecureRead().1 == Array("400".utf8))
  }

  @Test func anEndInTheMiddle() throws {
    let pair = try SecurePair()
    _ = pair.client.nextSecureRead()
    pair.client.shutdownWrite()
    #expect(pair.server.nextSecureRead().0 == .wouldBlock)
    #expect(pair.server.nextSecureRead().0 == .endOfStream)
    #expect(pair.server.isEstablished == false)
  }

  /// Both flights of a handshake and what follows, a byte at a time.
  @Test func shortReads() throws {
    let near = try SecurePair()
    var far = try SecurePair()
    // The client of the one, the server of the other, and two plain ends that this test carries bytes between.
    var near2 = near
    near2.server.expose()
    far.client.expose()
    var heard: [UInt8] = []
    _ = near2.client.nextSecureRead()
    for turn in 0..<40_000 where heard.count < 5 {
      Self.carry(from: near2.server, to: far.client)
      heard += far.server.nextSecureRead().1
      Self.carry(from: far.client, to: near2.server)
      _ = near2.client.nextSecureRead()
      if near2.client.isEstablished, turn % 1000 == 999, heard.isEmpty { _ = near2.client.write("hello") }
    }
    #expect(Array(heard.prefix(5)) == Array("hello".utf8))
  }

  private static func carry(from source: borrowing Stream, to target: borrowing Stream) {
    var byte: UInt8 = 0
    guard recv(source.descriptor.number, &byte, 1, 0) == 1 else { return }
    _ = send(target.descriptor.number, &byte, 1, 0)
  }
}

extension Stream {
  fileprivate var sslForTests: OpaquePointer? {
    switch session {
    case .none: nil
    case .some(let session): session.state.pointee.ssl
    }
  }
}

extension FileSystem {
  fileprivate static func writeForTests(_ path: String, _ text: String) -> Bool {
    let number = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    guard number >= 0 else { return false }
    defer { close(number) }
    return write(Array(text.utf8), into: number)
  }
}
