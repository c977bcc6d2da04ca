import Configuration
import Relay

extension RelayLimits {
  /// Sets a limit from text; for a name that is none, the error says which one is nearest.
  mutating func assign(_ name: String, _ value: String) throws(LimitError) {
    if !Self.names.contains(name), let nearest = NearestName.find(name, in: Self.names) {
      throw LimitError("no limit is named '\(name)': did you mean '\(nearest)'?")
    }
    try set(name, to: value)
  }
}
