/// Which certificates are for which name that a client asks for (RFC 6066 §3).
struct ServerNames {
  private var exact: [String: [Int]] = [:]
  /// By what is behind `*.`
  private var wildcards: [String: [Int]] = [:]

  /// Of the certificate at this position: `play.example.org`, or `*.example.org` for one label in place of the star
  /// (RFC 6125 §6.4.3).
  mutating func add(_ names: [String], at position: Int) {
    for name in names.map({ $0.lowercased() }) {
      if name.hasPrefix("*.") {
        wildcards[String(name.dropFirst(2)), default: []].append(position)
      } else {
        exact[name, default: []].append(position)
      }
    }
  }

  /// The positions of those that have a name, or where none has, of those that have it by a star. In their order.
  func find(_ name: String) -> [Int] {
    let name = name.lowercased()
    if let found = exact[name] { return found }
    guard let dot = name.firstIndex(of: "."), dot != name.startIndex else { return [] }
    return wildcards[String(name[name.index(after: dot)...])] ?? []
  }
}
