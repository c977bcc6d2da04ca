/// A part of the programme that can be run alone.
enum Part: String, CaseIterable, Sendable {
  /// The relay with its Godot policy, the floor and Node.
  case relay
  /// The relay with its other policies, and the floor.
  case protocols
  /// The relay with and without plugins.
  case plugins
  /// Policies and plugins inside this process, without sockets.
  case hooks
  /// The relay while its script is replaced again and again.
  case reload
  /// Memory of connections that say nothing.
  case idle

  static func list(_ text: String) throws(BenchError) -> Set<Part> {
    var parts: Set<Part> = []
    for name in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let part = Part(rawValue: String(name)) else {
        throw .usage("--only takes some of \(allCases.map(\.rawValue).joined(separator: ",")), not '\(name)'")
      }
      parts.insert(part)
    }
    return parts
  }
}
