/// Which certificate is for which name that a client asks for (RFC 6066 §3): the first that has it.
struct ServerNames {
  private var exact: [String: Int] = [:]
  /// By what is behind `*.`
  private var wildcards: [String: Int] = [:]

  /// Of the certificate at this position: `play.example.org`, or `*.example.org` for one label in place of the star
  /// (RFC 6125 §6.4.3).
  mutating func add(_ names: [String], at position: Int) {
    for name in names.map({ $0.lowercased() }) {
      if name.hasPrefix("*.") {
        let rest = String(name.dropFirst(2))
        if wildcards[rest] == nil { wildcards[rest] = position }
      } else if exact[name] == nil {
        exact[name] = position
      }
    }
  }

  /// Nil for a name that is in none.
  func find(_ name: String) -> Int? {
    let name = name.lowercased()
    if let found = exact[name] { return found }
    guard let dot = name.firstIndex(of: "."), dot != name.startIndex else { return nil }
    return wildcards[String(name[name.index(after: dot)...])]
  }
}
