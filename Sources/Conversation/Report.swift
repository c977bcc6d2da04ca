/// Tells how conversations went, for people to read.
public struct Report: Sendable {
  public private(set) var passed = 0
  public private(set) var failed = 0
  public private(set) var leftOut = 0
  private var told: Set<String> = []

  public init() {}

  /// Counts a verdict and returns its lines, without a final line break.
  public mutating func add(_ verdict: Verdict) -> String {
    var lines = verdict.notes.filter { told.insert($0).inserted }.map { "note  \($0)" }
    let name = verdict.title == verdict.file ? verdict.file : "\(verdict.file): \(verdict.title)"
    switch verdict.outcome {
    case .passed:
      passed += 1
      lines.append("ok  \(name) (\(verdict.milliseconds) ms)")
    case .leftOut(let reason):
      leftOut += 1
      lines.append("--  \(name) (left out: \(reason))")
    case .failed(let failure):
      failed += 1
      lines.append("FAILED  \(name) (\(verdict.milliseconds) ms)")
      lines.append("  \(failure.place.file):\(failure.place.line): \(failure.step)")
      lines += failure.details.map { "    \($0)" }
      if !failure.context.isEmpty { lines.append("    what came before, by line:") }
      lines += failure.context.map { "      \($0)" }
    }
    return lines.joined(separator: "\n")
  }

  /// A file that could not be read counts as one failed conversation.
  public mutating func add(_ error: TalkError) -> String {
    failed += 1
    return "FAILED  \(error)"
  }

  /// Counts a test that is no conversation.
  public mutating func add(passed hasPassed: Bool) {
    if hasPassed { passed += 1 } else { failed += 1 }
  }

  /// `3 passed, 0 failed`, and what was left out if anything was.
  public var summary: String {
    "\(passed) passed, \(failed) failed" + (leftOut > 0 ? ", \(leftOut) left out" : "")
  }
}
