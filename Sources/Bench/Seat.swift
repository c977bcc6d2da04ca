/// One socket of a workload: what it sends, and what it hears from its partner.
struct Seat: Sendable {
  var descriptor: Int32
  /// The seat that receives what this one sends; itself in an echo.
  var partner: Int
  var sends: SignalingMessage
  var expects: SignalingMessage
}

/// How messages get from seat to seat.
enum Workload: String, Sendable {
  /// The Godot demo's protocol: pairs, each alone in a lobby, pass offers and answers to and fro.
  case relay
  /// Every message comes back to the socket that sent it.
  case echo

  /// Connects `pairs` pairs (relay) or sockets (echo), ready to send messages of `messageBytes` of text.
  func seats(_ target: Target, pairs: Int, messageBytes: Int) throws(BenchError) -> [Seat] {
    var seats: [Seat] = []
    for _ in 0..<pairs {
      switch self {
      case .echo:
        let message = try SignalingMessage.filled(.offer, id: 1, bytes: messageBytes)
        var client = try Dialogue(target)
        seats.append(
          Seat(descriptor: try client.release(), partner: seats.count, sends: message, expects: message))
      case .relay:
        seats += try Self.pair(target, first: seats.count, messageBytes: messageBytes)
      }
    }
    return seats
  }

  private static func pair(_ target: Target, first: Int, messageBytes: Int) throws(BenchError) -> [Seat] {
    var host = try Dialogue(target)
    try host.send(SignalingMessage(kind: .join, id: 0, escapedData: ""))
    let lobby = try host.await(.join, "data")
    var guest = try Dialogue(target)
    try guest.send(SignalingMessage(kind: .join, id: 0, escapedData: lobby))
    guard let id = Int(try guest.await(.id, "id")), id > 1 else { throw .server("the server gave no usable id") }
    _ = try guest.await(.join, "data")
    _ = try host.await(.peerConnect, "id")

    let offer = try SignalingMessage.filled(.offer, id: id, bytes: messageBytes)
    let answer = try SignalingMessage.filled(.answer, id: 1, bytes: messageBytes)
    var offerAtGuest = offer
    offerAtGuest.id = 1
    var answerAtHost = answer
    answerAtHost.id = id
    return [
      Seat(descriptor: try host.release(), partner: first + 1, sends: offer, expects: answerAtHost),
      Seat(descriptor: try guest.release(), partner: first, sends: answer, expects: offerAtGuest),
    ]
  }
}
