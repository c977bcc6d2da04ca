/// Raw broadcast: who connects to the same URL hears what the others say, byte for byte. There are no other messages.
struct Broadcast: SignalingProtocol {
  let name = "broadcast"
  let path = "/signalling"
  let settings: [String] = []

  func pair<Peer: Client>(
    _ number: Int, bytes: Int, connect: (String) throws(BenchError) -> Peer
  ) throws(BenchError) -> Pair<Peer> {
    let room = "?room=bench-\(number)"
    return Pair(
      host: try connect(room), guest: try connect(room), offer: try message("offer", bytes: bytes),
      answer: try message("answer", bytes: bytes))
  }

  private func message(_ kind: String, bytes: Int) throws(BenchError) -> RelayedMessage {
    let (text, _) = try SessionDescription.fill(bytes) { #"{"sdp":{"type":"\#(kind)","sdp":"\#($0)"}}"# }
    return RelayedMessage(unaltered: text)
  }
}
