/// A message of the Godot demo's JSON protocol: `type`, `id`, `data`, in that order and without spaces.
struct SignalingMessage: Equatable, Sendable {
  enum Kind: Int {
    case join = 0
    case id = 1
    case peerConnect = 2
    case offer = 4
    case answer = 5
  }

  var kind: Kind
  var id: Int
  /// The string's content as it stands between the quotes, escapes included.
  var escapedData: String

  var text: String { #"{"type":\#(kind.rawValue),"id":\#(id),"data":"\#(escapedData)"}"# }

  /// A message whose text is exactly `bytes` long, its data an excerpt of something like a session description.
  static func filled(_ kind: Kind, id: Int, bytes: Int) throws(BenchError) -> SignalingMessage {
    let frame = SignalingMessage(kind: kind, id: id, escapedData: "").text.utf8.count
    guard bytes >= frame else { throw .usage("a message cannot be shorter than \(frame) bytes here, not \(bytes)") }
    return SignalingMessage(kind: kind, id: id, escapedData: description(bytes: bytes - frame))
  }

  private static let lines = [
    "v=0", "o=- 4611731400430051336 2 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0", "a=extmap-allow-mixed",
    "a=msid-semantic: WMS", "m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "c=IN IP4 0.0.0.0", "a=ice-ufrag:Xk3Q",
    "a=ice-pwd:By5gQ0FvD9zXwT7mEr2LhUcN", "a=ice-options:trickle", "a=setup:actpass", "a=mid:0", "a=sctp-port:5000",
    "a=candidate:842163049 1 udp 1677729535 198.51.100.7 46154 typ srflx raddr 0.0.0.0 rport 0 generation 0",
    "a=max-message-size:262144",
  ]

  /// `bytes` bytes of escaped text that ends in no half escape.
  private static func description(bytes: Int) -> String {
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
