/// How messages get from seat to seat.
enum Workload: Sendable {
  /// Pairs, each alone in a room, pass offers and answers to and fro.
  case pairs(any SignalingProtocol)
  /// Every message comes back to the socket that sent it.
  case echo

  /// Connects `pairs` pairs, or sockets (echo), ready to send messages of `messageBytes` of text.
  func seats(_ target: Target, pairs: Int, messageBytes: Int) throws(BenchError) -> [Seat] {
    var seats: [Seat] = []
    for number in 0..<pairs {
      switch self {
      case .echo: seats.append(try Self.echo(target, seats.count, messageBytes))
      case .pairs(let signaling): seats += try Self.pair(signaling, target, number, seats.count, messageBytes)
      }
    }
    return seats
  }

  private static func echo(_ target: Target, _ index: Int, _ bytes: Int) throws(BenchError) -> Seat {
    let (text, _) = try SessionDescription.fill(bytes) { #"{"type":4,"id":1,"data":"\#($0)"}"# }
    let client = try Dialogue(target)
    return Seat(descriptor: try client.release(), partner: index, sends: text, expects: Expectation(text: text))
  }

  private static func pair(
    _ signaling: some SignalingProtocol, _ target: Target, _ number: Int, _ first: Int, _ bytes: Int
  ) throws(BenchError) -> [Seat] {
    let pair = try signaling.pair(number, bytes: bytes) { query throws(BenchError) in
      try Dialogue(target.at(signaling.path, query))
    }
    return [
      Seat(
        descriptor: try pair.host.release(), partner: first + 1, sends: pair.offer.sent, expects: pair.answer.heard),
      Seat(
        descriptor: try pair.guest.release(), partner: first, sends: pair.answer.sent, expects: pair.offer.heard),
    ]
  }
}
