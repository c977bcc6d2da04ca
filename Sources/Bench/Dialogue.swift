import CLinux
import Glibc

/// One WebSocket client that waits for its answers: it connects, upgrades and joins, then hands its socket over.
@safe
final class Dialogue: Client {
  private var descriptor: Int32
  private var inbound: [UInt8] = []
  private static let patienceSeconds = 5
  /// IP_BIND_ADDRESS_NO_PORT of linux/in.h, which the Glibc module does not show.
  private static let bindAddressNoPort: Int32 = 24

  /// Connects and upgrades. `source` is the local address, in host byte order; nil leaves it to the kernel.
  init(_ target: Target, source: UInt32? = nil) throws(BenchError) {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw .system(call: "socket", code: errno) }
    var patience = timeval(tv_sec: Self.patienceSeconds, tv_usec: 0)
    var one: Int32 = 1
    _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    _ = unsafe setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
    if let source {
      // Otherwise bind looks for a port that is free towards everybody, which takes milliseconds when many are in use.
      _ = unsafe setsockopt(
        descriptor, Int32(IPPROTO_IP), Self.bindAddressNoPort, &one, socklen_t(MemoryLayout<Int32>.size))
      try unsafe call("bind", Target.socketAddress(source, 0)) { unsafe bind($0, $1, $2) }
    }
    try unsafe call("connect", Target.socketAddress(target.address, target.port)) { unsafe connect($0, $1, $2) }
    try upgrade(target)
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  private func call(
    _ name: String, _ address: sockaddr_in, _ body: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) throws(BenchError) {
    let length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = unsafe withUnsafePointer(to: address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe body(descriptor, $0, length) }
    }
    guard status == 0 else { throw .system(call: name, code: errno) }
  }

  /// RFC 6455 §4.1. The key is constant and the answer to it unchecked: this client measures, it does not judge.
  private func upgrade(_ target: Target) throws(BenchError) {
    try write(
      Array(
        """
        GET \(target.path) HTTP/1.1\r\nHost: bench:\(target.port)\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Key: bG9iYnlpc3QgYmVuY2ghIQ==\r\nSec-WebSocket-Version: 13\r\n\r\n
        """.utf8))
    let blank = Array("\r\n\r\n".utf8)
    while true {
      if inbound.count >= 4 {
        for start in 0...(inbound.count - 4) where inbound[start..<(start + 4)].elementsEqual(blank) {
          let status = String(decoding: inbound.prefix { $0 != 13 }, as: UTF8.self)
          guard status.hasPrefix("HTTP/1.1 101") else { throw .server("the upgrade was refused: \(status)") }
          inbound.removeFirst(start + 4)
          return
        }
      }
      try read()
    }
  }

  func send(_ text: String) throws(BenchError) { try write(ClientFrame.encode(.text, Array(text.utf8))) }

  private func write(_ bytes: [UInt8]) throws(BenchError) {
    // A few hundred bytes on a socket that has sent nothing yet: they fit whole or the connection is gone.
    let sent = unsafe bytes.withUnsafeBytes {
      unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
    }
    guard sent == bytes.count else { throw .system(call: "send", code: errno) }
  }

  private func read() throws(BenchError) {
    var chunk = [UInt8](repeating: 0, count: 4096)
    let got = unsafe chunk.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, $0.count, 0) }
    if got < 0 { throw .system(call: "no answer from the server: recv", code: errno) }
    if got == 0 { throw .server("the server closed the connection during the set-up") }
    inbound += chunk[..<got]
  }

  /// The payload of the next text frame.
  func receive() throws(BenchError) -> String {
    while true {
      switch unsafe inbound.withUnsafeBytes({ unsafe ServerFrame.read($0) }) {
      case .partial: try read()
      case .broken: throw .server("the server sent a masked frame")
      case .whole(let frame):
        let payload = Array(inbound[frame.headerBytes..<frame.bytes])
        inbound.removeFirst(frame.bytes)
        if frame.first == ServerFrame.finalText { return String(decoding: payload, as: UTF8.self) }
        if frame.first == 0x88 { throw .server("the server closed: \(closeText(payload))") }
      }
    }
  }

  /// Gives up the socket, now non-blocking. Nothing that was received may be left over.
  func release() throws(BenchError) -> Int32 {
    guard inbound.isEmpty else { throw .server("the server sent more than the set-up calls for") }
    return try releaseAnyway()
  }

  /// Gives up the socket of somebody who does not mind what else has arrived.
  func releaseAnyway() throws(BenchError) -> Int32 {
    guard fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0 else { throw .system(call: "fcntl", code: errno) }
    let result = descriptor
    descriptor = -1
    return result
  }
}

/// Code and reason of a close frame's payload (RFC 6455 §5.5.1).
func closeText(_ payload: [UInt8]) -> String {
  guard payload.count >= 2 else { return "without a code" }
  return "\(Int(payload[0]) << 8 | Int(payload[1])) \(String(decoding: payload[2...], as: UTF8.self))"
}
