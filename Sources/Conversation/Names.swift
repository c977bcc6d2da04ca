/// What the `$names` of one conversation stand for so far.
struct Names {
  private var values: [String: TalkValue] = [:]

  subscript(name: String) -> TalkValue? { values[name] }

  /// Binds a name at its first use.
  mutating func bind(_ name: String, to value: TalkValue) { values[name] = value }

  /// `$lobby = "abc"`, for those of `wanted` that are bound.
  func explain(_ wanted: [String]) -> [String] {
    var seen: Set<String> = []
    return wanted.compactMap { name in
      guard seen.insert(name).inserted, let value = values[name] else { return nil }
      return "$\(name) = \(Printed.value(value))"
    }
  }
}

/// A name is needed that nothing has been heard under.
struct UnknownName: Error {
  let name: String
}
