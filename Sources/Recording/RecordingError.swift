/// A recording cannot be written, read or replayed, in words.
public struct RecordingError: Error, Sendable, Equatable {
  public let message: String

  public init(_ message: String) { self.message = message }
}
