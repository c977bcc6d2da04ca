/// A readable transcript of several peers against one policy.
public struct Conversation: Sendable {
  /// A value from a set-up line, kept with its place for errors.
  struct Line<Value: Sendable>: Sendable {
    let place: Place
    let value: Value
  }

  public internal(set) var file: String
  public internal(set) var title: String
  public internal(set) var steps: [Step] = []
  /// Why a live server cannot be asked this.
  public internal(set) var skipsLive: String?
  var policy: Line<String>?
  var plugins: [Line<String>] = []
  var settings: [(name: String, value: TalkValue)] = []
  var limits: [(name: String, value: Int)] = []

  /// The policy as the conversation names it.
  public var policyPath: String? { policy?.value }

  /// Everyone who connects, in order of appearance.
  var actors: [String] {
    var seen: Set<String> = []
    return steps.flatMap(\.actors).filter { seen.insert($0).inserted }
  }

  /// What was written in the set-up lines; a later line of the same name wins.
  mutating func set(_ name: String, to value: TalkValue) {
    settings.removeAll { $0.name == name }
    settings.append((name, value))
  }

  mutating func limit(_ name: String, to value: Int) {
    limits.removeAll { $0.name == name }
    limits.append((name, value))
  }

  /// A `connects` is expected to be refused when the same actor's next step says so.
  mutating func markRefusals() {
    var refusedNext: Set<String> = []
    for index in steps.indices.reversed() {
      let step = steps[index]
      if case .connect(let knock, _) = step.action {
        steps[index] = Step(
          place: step.place, source: step.source, actors: step.actors,
          action: .connect(knock, refused: refusedNext.intersection(step.actors)))
      }
      if case .refused = step.action {
        refusedNext.formUnion(step.actors)
      } else {
        refusedNext.subtract(step.actors)
      }
    }
  }
}
