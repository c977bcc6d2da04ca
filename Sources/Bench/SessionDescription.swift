/// Something like a session description, as the content of a JSON string.
enum SessionDescription {
  /// The message that `frame` makes of a description, exactly `bytes` long, and that description.
  static func fill(
    _ bytes: Int, _ frame: (_ description: String) -> String
  ) throws(BenchError) -> (message: String, description: String) {
    let least = frame("").utf8.count
    guard bytes >= least else { throw .usage("a message cannot be shorter than \(least) bytes here, not \(bytes)") }
    let description = excerpt(bytes: bytes - least)
    return (frame(description), description)
  }

  private static let lines = [
    "v=0", "o=- 4611731400430051336 2 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0", "a=extmap-allow-mixed",
    "a=msid-semantic: WMS", "m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "c=IN IP4 0.0.0.0", "a=ice-ufrag:Xk3Q",
    "a=ice-pwd:By5gQ0FvD9zXwT7mEr2LhUcN", "a=ice-options:trickle", "a=setup:actpass", "a=mid:0", "a=sctp-port:5000",
    "a=candidate:842163049 1 udp 1677729535 198.51.100.7 46154 typ srflx raddr 0.0.0.0 rport 0 generation 0",
    "a=max-message-size:262144",
  ]

  /// `bytes` bytes of escaped text that ends in no half escape.
  private static func excerpt(bytes: Int) -> String {
    var text: [UInt8] = []
    var next = 0
    while text.count < bytes {
      text += lines[next % lines.count].utf8
      text += #"\r\n"#.utf8
      next += 1
    }
    text.removeLast(text.count - bytes)
    if text.last == UInt8(ascii: "\\") { text[text.count - 1] = UInt8(ascii: "0") }
    return String(decoding: text, as: UTF8.self)
  }
}
