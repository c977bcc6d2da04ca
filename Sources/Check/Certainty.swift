import Policy

/// Which failures of a trial run tell of a mistake. What comes of messages that make no sense does not.
enum Certainty {
  /// These fail whatever a client sends.
  private static let errors = [
    " has no method '", "no timer is named '", "unknown global '", "cannot create the global '",
    "is a method: choose another name", "is read-only", "lives as long as its hook",
    "settings are declared while the script loads",
  ]

  /// nil: it says nothing about the script.
  static func severity(of error: ScriptError) -> Finding.Severity? {
    guard case .raised = error.cause else { return nil }
    let line = error.firstLine
    if errors.contains(where: line.contains) { return .error }
    if line.contains("attempt to call a nil value (method '") { return .warning }
    if line.contains("bad argument #"), isOfWrongType(line) { return .warning }
    return line.contains("attribute '") && unkept.contains(where: line.contains) ? .error : nil
  }

  /// What does not come from a message. A table may, when the script has decoded it.
  private static let unkept = ["peer", "lobby", "mount", "message", "request", "function"].map {
    "a number or a string is kept, not a \($0)"
  }

  /// nil is what a client leaves out; other types come from what it sends as well, but a function does not, and an
  /// argument that is not even nil was forgotten.
  private static func isOfWrongType(_ line: String) -> Bool {
    let types = ["no value", "function", "peer", "lobby", "mount", "message", "request"]
    return types.contains { line.hasSuffix("got \($0))") }
  }
}
