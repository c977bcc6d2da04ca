/// The four-digit rooms of the server for Unity: a signal's payload, here an object, goes to the other in the room.
struct Unity: SignalingProtocol {
  let name = "unity"
  let path = "/"
  /// A room outlives its members; two hours are longer than any measurement.
  let settings = ["room_timeout=7200"]

  func pair<Peer: Client>(
    _ number: Int, bytes: Int, connect: (String) throws(BenchError) -> Peer
  ) throws(BenchError) -> Pair<Peer> {
    let host = try connect("")
    try host.send(#"{"type":"create"}"#)
    let created = try host.hear(#""type":"room_created""#)
    let guest = try connect("")
    guard let room = rawMember("roomId", of: created), let hostID = rawMember("myId", of: created) else {
      throw .server("the server's answer lacks 'roomId' or 'myId': \(created)")
    }
    try guest.send(#"{"type":"join","roomId":"\#(room)"}"#)
    let guestID = try guest.hear(#""type":"room_joined""#, value: "myId")
    return Pair(
      host: host, guest: guest, offer: try message("offer", from: hostID, bytes: bytes),
      answer: try message("answer", from: guestID, bytes: bytes))
  }

  /// The members that Unity's JsonUtility always writes.
  private func message(_ kind: String, from sender: String, bytes: Int) throws(BenchError) -> RelayedMessage {
    func payload(_ description: String) -> String {
      #"{"sdp":"\#(description)","sdpType":"\#(kind)","candidate":"","sdpMid":"","sdpMLineIndex":0}"#
    }
    let (text, description) = try SessionDescription.fill(bytes) { #"{"type":"signal","payload":\#(payload($0))}"# }
    return RelayedMessage(
      text,
      heard: [#""type":"signal""#, #""senderId":"\#(sender)""#, #""payload":\#(payload(description))"#])
  }
}
