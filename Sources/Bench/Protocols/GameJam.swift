/// The game jam's commands: `data.id` is first the receiver's, then the sender's; the host is 1, the others are strings.
struct GameJam: SignalingProtocol {
  let name = "gamejam"
  let path = "/"
  /// A room in which only offers and answers are relayed counts as inactive.
  let settings = ["max_peers=1000000", "max_lobbies=1000000", "inactive_timeout=86400"]

  func pair<Peer: Client>(
    _ number: Int, bytes: Int, connect: (String) throws(BenchError) -> Peer
  ) throws(BenchError) -> Pair<Peer> {
    let host = try connect("")
    _ = try register(host, "Host")
    try host.send(Self.text("CR", #""null""#))
    let room = try host.hear(Self.command("CRK"), value: "data")
    let guest = try connect("")
    let id = try register(guest, "Guest")
    try guest.send(Self.text("JR", #""\#(room)""#))
    _ = try guest.hear(Self.command("JRK"))
    _ = try host.hear(Self.command("RPC"))
    return Pair(
      host: host, guest: guest,
      offer: try message("OO", member: "offer", from: "1", to: id, bytes: bytes),
      answer: try message("AA", member: "answer", from: #""\#(id)""#, to: "1", bytes: bytes))
  }

  private func register(_ client: some Client, _ name: String) throws(BenchError) -> String {
    try client.send(Self.text("RP", #""\#(name)""#))
    return try client.hear(Self.command("RPK"), value: "data")
  }

  private static func command(_ code: String) -> String { "\"command\":\"###!\(code)\"" }

  /// `data` is JSON.
  private static func text(_ code: String, _ data: String) -> String { #"{\#(command(code)),"data":\#(data)}"# }

  /// `sender` and `id` are JSON.
  private func message(
    _ code: String, member: String, from sender: String, to id: String, bytes: Int
  ) throws(BenchError) -> RelayedMessage {
    let (text, description) = try SessionDescription.fill(bytes) {
      Self.text(code, #"{"id":\#(id),"\#(member)":"\#($0)"}"#)
    }
    let relayed = Self.command("\(code)\(code.prefix(1))")
    return RelayedMessage(text, heard: [relayed, #""id":\#(sender)"#, #""\#(member)":"\#(description)""#])
  }
}
