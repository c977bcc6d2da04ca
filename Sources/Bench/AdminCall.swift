import Glibc

/// One request to the admin listener of a relay, under way: the answer is there when the relay has closed.
final class AdminCall {
  private let descriptor: Int32
  private var heard: [UInt8] = []

  init(_ method: String, _ path: String, port: UInt16) throws(BenchError) {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw .system(call: "socket", code: errno) }
    let address = Target.socketAddress(Target.loopback, port)
    let status = unsafe withUnsafePointer(to: address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard status == 0 else { throw .system(call: "connect to the admin listener", code: errno) }
    let request = Array(
      ("\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 0\r\n"
        + "Connection: close\r\n\r\n").utf8)
    let sent = unsafe request.withUnsafeBytes {
      unsafe send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
    }
    guard sent == request.count else { throw .system(call: "send to the admin listener", code: errno) }
  }

  deinit { close(descriptor) }

  /// The whole answer, head and body, if it has come. `waiting`: comes back only then.
  func answer(waiting: Bool = false) throws(BenchError) -> String? {
    var chunk = [UInt8](repeating: 0, count: 8192)
    while true {
      let got = unsafe chunk.withUnsafeMutableBytes {
        unsafe recv(descriptor, $0.baseAddress, $0.count, waiting ? 0 : Int32(MSG_DONTWAIT))
      }
      if got == 0 { return String(decoding: heard, as: UTF8.self) }
      if got < 0, errno == EAGAIN { return nil }
      if got < 0 { throw .system(call: "recv from the admin listener", code: errno) }
      heard += chunk[..<got]
    }
  }

  static func fetch(_ path: String, port: UInt16) throws(BenchError) -> String {
    try AdminCall("GET", path, port: port).answer(waiting: true) ?? ""
  }
}
