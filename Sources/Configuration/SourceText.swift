import LuaHost

/// The text of a configuration, to find the line of a name in.
struct SourceText {
  let path: String
  private let lines: [[UInt8]]

  init(path: String, source: [UInt8]) {
    self.path = path
    lines = source.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
  }

  /// The first line from `line` on where `name` stands with `=` behind it; `line` itself when there is none, as for names
  /// that the configuration has put together.
  func line(of name: String, from line: Int) -> Int {
    guard line >= 1 else { return line }
    for number in line..<max(line, lines.count + 1) where Self.assigns(Array(name.utf8), lines[number - 1]) {
      return number
    }
    return line
  }

  private static func assigns(_ name: [UInt8], _ text: [UInt8]) -> Bool {
    guard !name.isEmpty, text.count > name.count else { return false }
    for start in 0..<(text.count - name.count) where text[start..<(start + name.count)].elementsEqual(name) {
      if start > 0, text[start - 1].isNameByte { continue }
      // The name may stand in brackets and quotes.
      let behind = text[(start + name.count)...].drop { " \"']".utf8.contains($0) }
      if behind.first == UInt8(ascii: "="), behind.dropFirst().first != UInt8(ascii: "=") { return true }
    }
    return false
  }
}

extension UInt8 {
  fileprivate var isNameByte: Bool {
    switch self {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
      true
    default: false
    }
  }
}

/// The name that somebody may have meant.
public enum NearestName {
  /// The one of `names` that is nearest to `name`, if any is near.
  public static func find(_ name: String, in names: [String]) -> String? {
    func distance(_ other: String) -> Int {
      let (one, other) = (Array(name.utf8CString), Array(other.utf8CString))
      return unsafe Int(clamping: lh_name_distance(one, one.count - 1, other, other.count - 1))
    }
    let near = names.map { ($0, distance($0)) }.min { $0.1 < $1.1 }
    guard let near, near.1 <= max(2, name.utf8.count / 2) else { return nil }
    return near.0
  }
}
