/// Rows of a table for people: columns as wide as what is in them, numbers to the right.
struct TextTable {
  enum Side {
    case left, right
  }

  private var rows: [[String]]
  private let sides: [Side]

  init(_ columns: [(String, Side)]) {
    rows = [columns.map(\.0)]
    sides = columns.map(\.1)
  }

  var isEmpty: Bool { rows.count == 1 }

  /// What outsiders have chosen, such as a lobby's name, reaches no terminal as a command.
  mutating func add(_ row: [String]) { rows.append(row.map(Self.printable)) }

  var lines: [String] {
    let widths = sides.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      var line = ""
      for (column, text) in row.enumerated() {
        let gap = String(repeating: " ", count: widths[column] - text.count)
        line += (column > 0 ? "  " : "") + (sides[column] == .left ? text + gap : gap + text)
      }
      while line.hasSuffix(" ") { line.removeLast() }
      return line
    }
  }

  private static func printable(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.map { Self.isHarmless($0) ? $0 : "?" }))
  }

  /// Neither a control character nor one that turns the direction of what follows.
  private static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: false
    default: true
    }
  }
}

/// Figures for people.
enum Figure {
  /// `1,204`
  static func count(_ number: Int) -> String {
    var digits = "\(abs(number))"
    var groups: [Substring] = []
    while digits.count > 3 {
      groups.insert(digits.suffix(3), at: 0)
      digits.removeLast(3)
    }
    return (number < 0 ? "-" : "") + ([Substring(digits)] + groups).joined(separator: ",")
  }

  /// `1 lobby`, `2 lobbies`
  static func count(_ number: Int, _ one: String, _ many: String) -> String {
    "\(count(number)) \(number == 1 ? one : many)"
  }

  /// `47 s`, `12 min`, `3 h 12 min`, `4 d 3 h`
  static func duration(seconds: Int) -> String {
    switch seconds {
    case ..<60: "\(seconds) s"
    case ..<3600: "\(seconds / 60) min"
    case ..<86_400: "\(seconds / 3600) h \(seconds % 3600 / 60) min"
    default: "\(seconds / 86_400) d \(seconds % 86_400 / 3600) h"
    }
  }
}
