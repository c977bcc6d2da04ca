/// What every message that one socket receives must say. Where members stand is the server's business;
/// the sender's id and the data, byte for byte, are not.
struct Expectation {
  private let id: [UInt8]
  private let data: [UInt8]
  /// The length of the first good message; all others must have it too.
  private(set) var payloadBytes: Int?

  init(_ message: SignalingMessage) {
    id = Array(#""id":\#(message.id)"#.utf8)
    data = Array(#""data":"\#(message.escapedData)""#.utf8)
  }

  mutating func accepts(_ payload: [UInt8]) -> Bool {
    guard payload.first == UInt8(ascii: "{"), payload.last == UInt8(ascii: "}") else { return false }
    guard payloadBytes == nil || payloadBytes == payload.count else { return false }
    guard holds(id, payload), holds(data, payload) else { return false }
    payloadBytes = payload.count
    return true
  }

  /// Whether `member` is in `payload`, with the comma or brace behind it that ends a member.
  private func holds(_ member: [UInt8], _ payload: [UInt8]) -> Bool {
    guard payload.count > member.count else { return false }
    for start in 0..<(payload.count - member.count) where payload[start] == member[0] {
      let end = start + member.count
      let ended = payload[end] == UInt8(ascii: ",") || payload[end] == UInt8(ascii: "}")
      if ended, payload[start..<end].elementsEqual(member) { return true }
    }
    return false
  }
}
