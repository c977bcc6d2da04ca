/// The Godot demo's JSON: `type`, `id`, `data`, where the id is first the receiver's, then the sender's.
struct Godot: SignalingProtocol {
  private static let join = 0, id = 1, peerConnect = 2, offer = 4, answer = 5

  let name = "godot"
  let path = "/"
  let settings = ["max_peers=1000000", "max_lobbies=1000000"]

  func pair<Peer: Client>(
    _ number: Int, bytes: Int, connect: (String) throws(BenchError) -> Peer
  ) throws(BenchError) -> Pair<Peer> {
    let host = try connect("")
    let lobby = try enter(host, lobby: "")
    let guest = try connect("")
    try guest.send(Self.text(Self.join, 0, lobby))
    guard let id = Int(try guest.hear(#""type":\#(Self.id)"#, value: "id")), id > 1 else {
      throw .server("the server gave no usable id")
    }
    _ = try guest.hear(#""type":\#(Self.join)"#)
    _ = try host.hear(#""type":\#(Self.peerConnect)"#)
    return Pair(
      host: host, guest: guest, offer: try message(Self.offer, from: 1, to: id, bytes: bytes),
      answer: try message(Self.answer, from: id, to: 1, bytes: bytes))
  }

  /// Joins a lobby, or creates one: "". Answers its name.
  func enter(_ client: some Client, lobby: String) throws(BenchError) -> String {
    try client.send(Self.text(Self.join, 0, lobby))
    return try client.hear(#""type":\#(Self.join)"#, value: "data")
  }

  private static func text(_ kind: Int, _ id: Int, _ data: String) -> String {
    #"{"type":\#(kind),"id":\#(id),"data":"\#(data)"}"#
  }

  private func message(_ kind: Int, from sender: Int, to id: Int, bytes: Int) throws(BenchError) -> RelayedMessage {
    let (text, description) = try SessionDescription.fill(bytes) { Self.text(kind, id, $0) }
    return RelayedMessage(text, heard: [#""type":\#(kind)"#, #""id":\#(sender)"#, #""data":"\#(description)""#])
  }
}
