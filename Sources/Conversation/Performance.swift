import Bytes

/// One conversation being played: what its names stand for, and what has happened so far.
struct Performance {
  static let journalMax = 16

  let conversation: Conversation
  let stage: any Stage
  var names = Names()
  var reply: PlainReply?
  var subprotocols: [String: String] = [:]
  /// Whom the conversation no longer listens to: closed or gone, as written.
  var left: Set<String> = []
  /// Who has connected, in order.
  var present: [String] = []
  private var journal: [String] = []

  init(_ conversation: Conversation, on stage: any Stage) {
    self.conversation = conversation
    self.stage = stage
  }

  mutating func play() throws(Failure) {
    try begin()
    var andMore = false
    for step in conversation.steps {
      journal.append("\(step.place.line)  \(Printed.line(step.source))")
      if journal.count > Performance.journalMax { journal.removeFirst() }
      if case .more = step.action { andMore = true }
      try play(step)
    }
    guard !andMore, let last = conversation.steps.last else { return }
    try expectQuiet(present, last, "nothing more at the end of the conversation")
  }

  private func begin() throws(Failure) {
    var scene = Scene()
    scene.settings = conversation.settings
    scene.limits = conversation.limits
    let start = conversation.policy?.place ?? conversation.steps.first?.place
    guard let start else { return }
    if !stage.isLive {
      if let policy = conversation.policy { scene.policy = try resolve(policy.value, policy.place) }
      for plugin in conversation.plugins { scene.plugins.append(try resolve(plugin.value, plugin.place)) }
    }
    do throws(StageError) {
      try stage.begin(scene)
    } catch {
      let source = conversation.policy.map { "policy \($0.value)" } ?? "the first step"
      throw Failure(place: start, step: source, details: [error.message])
    }
  }

  func resolve(_ path: String, _ place: Place) throws(Failure) -> String {
    if let found = ScriptPath.resolve(path, besides: conversation.file) ?? stage.locate(path) { return found }
    throw Failure(
      place: place, step: path,
      details: ["no such file in the current folder or beside \(conversation.file)"])
  }

  /// Adds what led to the failure, and what the others have heard meanwhile.
  func withContext(_ failure: Failure) -> Failure {
    var failure = failure
    failure.context = journal
    for actor in present {
      for _ in 0..<4 {
        guard let heard = try? stage.next(actor, .none) else { break }
        failure.context.append("waiting at \(actor): \(Printed.heard(heard))")
      }
    }
    return failure
  }

  func failure(_ step: Step, _ details: [String]) -> Failure {
    Failure(place: step.place, step: Printed.line(step.source), details: details)
  }

  /// "expected …" and "heard …", and the values of the names that are part of it.
  func mismatch(_ step: Step, _ actor: String, expected: String, _ heard: Heard?) -> Failure {
    let heard = heard.map(Printed.heard) ?? "nothing"
    return failure(
      step,
      ["expected  \(expected)", "heard     \(heard)  (\(actor))"]
        + names.explain(step.action.names).map { "where     \($0)" })
  }

  /// Asks the stage, and turns its refusal into a failure of `step`.
  func ask<Answer>(_ step: Step, _ question: () throws(StageError) -> Answer) throws(Failure) -> Answer {
    do throws(StageError) {
      return try question()
    } catch {
      throw failure(step, [error.message])
    }
  }

  func fill(
    _ template: Template, _ step: Step, as spelling: Template.Spelling = .plain
  ) throws(Failure) -> [UInt8] {
    do throws(UnknownName) {
      return try template.fill(names, as: spelling)
    } catch {
      throw failure(step, ["$\(error.name) has no value: nothing was heard under this name before"])
    }
  }

  func fillText(_ template: Template, _ step: Step) throws(Failure) -> String {
    let bytes = try fill(template, step)
    guard UTF8Validator.isValid(bytes), !bytes.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
      throw failure(step, ["control characters cannot stand in a path or a header: \(Printed.text(bytes))"])
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
