/// Plays conversations on a stage, one at a time.
public struct Runner {
  let stage: any Stage

  public init(stage: any Stage) { self.stage = stage }

  public func play(_ conversation: Conversation) -> Verdict {
    if stage.isLive, let reason = conversation.skipsLive {
      return Verdict(
        file: conversation.file, title: conversation.title, outcome: .leftOut(reason: reason), milliseconds: 0,
        notes: [])
    }
    let clock = ContinuousClock()
    let start = clock.now
    var performance = Performance(conversation, on: stage)
    var outcome = Verdict.Outcome.passed
    do throws(Failure) {
      try performance.play()
    } catch {
      outcome = .failed(performance.withContext(error))
    }
    stage.end()
    let taken = (clock.now - start).components
    return Verdict(
      file: conversation.file, title: conversation.title, outcome: outcome,
      milliseconds: Int(taken.seconds) * 1_000 + Int(taken.attoseconds / 1_000_000_000_000_000),
      notes: stage.isLive ? conversation.notForLive : [])
  }
}

extension Conversation {
  /// Set-up lines that a live server cannot be given.
  fileprivate var notForLive: [String] {
    var words: [String] = []
    if policy != nil { words.append("policy") }
    if !plugins.isEmpty { words.append("plugin") }
    if !settings.isEmpty { words.append("set") }
    if !limits.isEmpty { words.append("limit") }
    return words.map { "`\($0)` lines are not applied on a live server" }
  }
}
