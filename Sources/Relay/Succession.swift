/// Which of the mounts that run go on as which of a configuration that is read again.
public struct Succession: Equatable {
  /// For each of the new ones, in their order, the position of the one that goes on as it; nil for one that is new.
  public let predecessors: [Int?]
  /// Positions of those that do not go on.
  public let gone: [Int]

  /// A mount goes on as the one with its key; of several with one key, as the one whose route is the same in all, then
  /// as the first.
  public init(from old: [Route], to new: [Route]) {
    var left = Array(old.indices)
    var predecessors = [Int?](repeating: nil, count: new.count)
    func match(_ isSame: (Route, Route) -> Bool) {
      for (index, route) in new.enumerated() where predecessors[index] == nil {
        guard let place = left.firstIndex(where: { isSame(old[$0], route) }) else { continue }
        predecessors[index] = left.remove(at: place)
      }
    }
    match(==)
    match { $0.key == $1.key }
    self.predecessors = predecessors
    gone = left
  }
}

extension Route {
  /// What a mount is known by when its configuration is read again: its first own address if it has one, else its host
  /// and first path.
  public var key: String { listen.first ?? (host ?? "") + (paths.first ?? "/") }
}

extension Route: CustomStringConvertible {
  /// `at /a, /b for example.org`.
  public var description: String { "at \(paths.joined(separator: ", "))\(host.map { " for \($0)" } ?? "")" }
}
