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

  /// Something that is wrong with no line of a script.
  mutating func add(complaint: String, about file: String) {
    if isJSON {
      add([Finding(file, nil, .error, complaint)])
    } else {
      isSound = false
      complain(complaint)
    }
  }

  func approve(_ what: String) {
    if !isJSON { say("ok  \(what)") }
  }
}
