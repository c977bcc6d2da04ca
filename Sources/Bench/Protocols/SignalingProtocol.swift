/// A protocol that the bench speaks. To measure another one: write its file, and list it in `Protocols.all`.
protocol SignalingProtocol: Sendable {
  /// Its policy is `scripts/NAME.lua`.
  var name: String { get }
  /// Where its clients connect.
  var path: String { get }
  /// Settings that keep the policy's own limits and timers out of a measurement: NAME=VALUE.
  var settings: [String] { get }

  /// Brings two peers together in a room of their own, the `number`th; `bytes` is the length of the messages to come.
  /// `connect` takes the query of the URL, with its question mark.
  func pair<Peer: Client>(
    _ number: Int, bytes: Int, connect: (_ query: String) throws(BenchError) -> Peer
  ) throws(BenchError) -> Pair<Peer>
}

extension SignalingProtocol {
  var script: String { "scripts/\(name).lua" }
}

/// Two peers that have met, and what they have to say to each other.
struct Pair<Peer: Client> {
  let host: Peer
  let guest: Peer
  /// From the host to the guest.
  let offer: RelayedMessage
  /// From the guest to the host.
  let answer: RelayedMessage
}

enum Protocols {
  static let godot = Godot()
  static let all: [any SignalingProtocol] = [godot, GameJam(), Unity(), Broadcast(), Singo()]

  static func named(_ name: String) throws(BenchError) -> any SignalingProtocol {
    if let found = all.first(where: { $0.name == name }) { return found }
    throw .usage("there is no protocol '\(name)'; there are \(all.map(\.name).joined(separator: ", "))")
  }
}
