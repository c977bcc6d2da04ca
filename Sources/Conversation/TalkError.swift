/// A `.talk` file that cannot be read: where, what was expected there, and a line that would do.
public struct TalkError: Error, Sendable, Equatable, CustomStringConvertible {
  public let place: Place
  public let message: String
  public let example: String?

  public init(_ place: Place, _ message: String, example: String? = nil) {
    self.place = place
    self.message = message
    self.example = example
  }

  public var description: String {
    guard let example else { return "\(place): \(message)" }
    return "\(place): \(message); for example: \(example)"
  }
}
