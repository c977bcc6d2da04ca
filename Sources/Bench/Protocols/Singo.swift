/// The Go servers singo and gosignaling: `payload.client_id` is first the receiver's, then the sender's.
struct Singo: SignalingProtocol {
  let name = "singo"
  let path = "/connect"
  let settings = ["max_rooms=1000000"]

  func pair<Peer: Client>(
    _ number: Int, bytes: Int, connect: (String) throws(BenchError) -> Peer
  ) throws(BenchError) -> Pair<Peer> {
    let (host, hostID) = try enter(number, connect)
    let (guest, guestID) = try enter(number, connect)
    _ = try host.hear(#""type":"new-client""#, #""client_id":"\#(guestID)""#)
    return Pair(
      host: host, guest: guest, offer: try message("offer", from: hostID, to: guestID, bytes: bytes),
      answer: try message("answer", from: guestID, to: hostID, bytes: bytes))
  }

  /// Nobody answers a join.
  private func enter<Peer: Client>(
    _ number: Int, _ connect: (String) throws(BenchError) -> Peer
  ) throws(BenchError) -> (Peer, id: String) {
    let client = try connect("")
    let id = try client.hear(#""type":"notify-client-id""#, value: "client_id")
    try client.send(#"{"type":"join","payload":{"room_id":"bench-\#(number)"}}"#)
    return (client, id)
  }

  private func message(
    _ kind: String, from sender: String, to id: String, bytes: Int
  ) throws(BenchError) -> RelayedMessage {
    let (text, description) = try SessionDescription.fill(bytes) {
      #"{"type":"\#(kind)","payload":{"sdp":"\#($0)","client_id":"\#(id)"}}"#
    }
    return RelayedMessage(
      text, heard: [#""type":"\#(kind)""#, #""client_id":"\#(sender)""#, #""sdp":"\#(description)""#])
  }
}
