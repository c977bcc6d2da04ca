import Glibc
import Testing

@testable import Reactor

/// Two ends of one real TCP connection over 127.0.0.1.
struct Loopback: ~Copyable {
  let client: Stream
  let server: Stream
  let peer: SocketAddress

  init() throws {
    var listener = try Listener(on: "127.0.0.1:0")
    let client = try Stream.connect(to: listener.address)
    try #require(try client.waitWritable(milliseconds: 2000) == true)
    switch listener.accept() {
    case .newcomer(let stream, let address):
      server = stream
      peer = address
    default: throw SystemError("accept", 0, "nobody came")
    }
    self.client = client
  }

  /// Closes the client's end and keeps the other.
  consuming func closeClient() -> Stream { server }
}

/// True once somebody is in the listener's queue; false after two seconds.
func waitForNewcomer(_ listener: borrowing Listener) -> Bool {
  var watched = pollfd(fd: listener.descriptor.number, events: Int16(POLLIN), revents: 0)
  return poll(&watched, 1, 2000) == 1
}

extension Stream {
  func write(_ text: String) -> WriteResult {
    Array(text.utf8).withUnsafeBytes { write($0) }
  }

  /// Waits for the next answer, up to two seconds, and gives the bytes read as text.
  func nextRead(_ size: Int = 65536) throws -> (ReadResult, [UInt8]) {
    _ = try waitReadable(milliseconds: 2000)
    var buffer = [UInt8](repeating: 0, count: size)
    let answer = buffer.withUnsafeMutableBytes { read(into: $0) }
    guard case .bytes(let count) = answer else { return (answer, []) }
    return (answer, Array(buffer[..<count]))
  }

  /// Reads until `count` bytes have come or nothing comes for two seconds.
  func readExactly(_ count: Int) throws -> [UInt8] {
    var all: [UInt8] = []
    while all.count < count {
      let (answer, bytes) = try nextRead(count - all.count)
      guard case .bytes = answer else { break }
      all += bytes
    }
    return all
  }
}
