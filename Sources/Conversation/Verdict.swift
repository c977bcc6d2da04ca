/// How a conversation went.
public struct Verdict: Sendable {
  public enum Outcome: Sendable {
    case passed
    case failed(Failure)
    /// Not played here, and why.
    case leftOut(reason: String)
  }

  public let file: String
  public let title: String
  public let outcome: Outcome
  public let milliseconds: Int
  /// What did not apply to this stage.
  public let notes: [String]
}

/// The first step that did not go as written.
public struct Failure: Error, Sendable {
  public let place: Place
  /// The line as written, or what the runner did by itself.
  public let step: String
  /// One fact a line: what was expected, what was heard, where they differ.
  public internal(set) var details: [String]
  /// The last steps and messages of all peers, oldest first.
  public internal(set) var context: [String] = []
}
