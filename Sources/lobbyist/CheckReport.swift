import Check

/// What `lobbyist check` has found, said as it comes.
struct CheckReport {
  /// A line of JSON for each finding on standard output, and nothing else there.
  var isJSON = false
  private(set) var isSound = true
  /// Mounts and policies share files.
  private var said: Set<String> = []

  /// Answers whether there is no error among them.
  @discardableResult
  mutating func add(_ findings: [Finding]) -> Bool {
    for finding in findings where said.insert(finding.description).inserted {
      if isJSON { say(finding.json) } else { tell(finding.description) }
    }
    let isSound = findings.allSatisfy { $0.severity != .error }
    if !isSound { self.isSound = false }
    return isSound
  }

  /// Something that is wrong with a line that the complaint begins with, or with no line at all.
  mutating func add(complaint: String, about file: String) {
    if let finding = Self.finding(complaint, about: file) {
      add([finding])
    } else if isJSON {
      add([Finding(file, nil, .error, complaint)])
    } else {
      isSound = false
      complain(complaint)
    }
  }

  /// A complaint that begins with `file:line: ` or `file:line:column: `; nil for others.
  static func finding(_ complaint: String, about file: String) -> Finding? {
    // There may be colons in a path; that of the file is known.
    let isAboutFile = complaint.hasPrefix(file + ":")
    let path = isAboutFile ? file : String(complaint.prefix { $0 != ":" })
    var rest = complaint.dropFirst(path.count + 1)
    func number() -> Int? {
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      guard let number = Int(digits), rest.dropFirst(digits.count).first == ":" else { return nil }
      rest = rest.dropFirst(digits.count + 1)
      return number
    }
    guard let line = number(), line > 0 else { return nil }
    let column = number() ?? 0
    return Checker.placed(
      Finding(path, Place(line: line, column: column), .error, String(rest.drop { $0 == " " })),
      in: ScriptFiles.module(path) ?? [])
  }

  func approve(_ what: String) {
    if !isJSON { say("ok  \(what)") }
  }
}
