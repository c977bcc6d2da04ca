import Policy
import Reactor

extension Relay {
  /// Who deploys, unless that cannot be now.
  private func idleDeployer() throws(OperatorAnswer) -> any Deployer {
    guard let deployer else {
      throw OperatorAnswer(409, error: "this relay keeps no deployments: start it with --deployments FOLDER")
    }
    guard !isLeaving else { throw OperatorAnswer(409, error: Self.isLeavingReason) }
    guard trial == nil else {
      throw OperatorAnswer(409, error: "another deployment is being tried: wait until it has ended")
    }
    return deployer
  }

  /// Starts the trial of what the operator has sent; its end is the answer.
  func deploy(_ request: OperatorRequest) throws(OperatorAnswer) -> RequestAnswer? {
    let (deployer, slot) = (try idleDeployer(), request.slot)
    do {
      let process = try deployer.begin(request.body)
      try reactor.add(process.descriptor, .reading, Token(slot: Source.trial, generation: 0))
      trial = RunningTrial(
        process: process, client: Token(slot: slot, generation: connections[slot].generation),
        ends: now + UInt64(limits.deployMilliseconds))
      connections[slot].phase = .awaiting
      connections[slot].deadline = .max
      return nil
    } catch let refusal as OperatorAnswer {
      note(refusal, \.deployments)
      throw refusal
    } catch {
      _ = deployer.finish(.abandoned)
      throw OperatorAnswer(500, error: "\(error)")
    }
  }

  func rollBack(_ request: OperatorRequest) throws(OperatorAnswer) -> RequestAnswer? {
    let done = try idleDeployer().rollBack(request.body)
    note(done, \.rollbacks)
    return done.response
  }

  /// The trial has ended, or may have.
  func takeTrialEnd() {
    guard let end = trial?.process.take(), let ended = trial.take() else { return }
    let told: TrialEnd =
      switch end {
      case _ where ended.isOverdue: .overdue
      case .exited(let code): .exited(code)
      case .killed(let signal): .killed(signal: signal)
      case .unknown: .unknown
      }
    finishTrial(told, for: ended.client)
  }

  private func finishTrial(_ end: TrialEnd, for client: Token) {
    guard let done = deployer?.finish(end) else { return }
    note(done, \.deployments)
    // Whoever has sent it may be gone.
    if connections.isLive(client.slot, client.generation) { answer(client.slot, done.response) }
  }

  /// Ends a trial that has had its time.
  func endOverdueTrial() {
    guard let ends = trial?.ends, now >= ends, trial?.isOverdue == false else { return }
    trial?.isOverdue = true
    trial?.process.kill()
  }

  /// When that is to be looked at; nil while there is no trial that runs.
  var trialDeadline: UInt64? { trial?.isOverdue == false ? trial?.ends : nil }

  /// The relay shuts down.
  func abandonTrial() {
    guard let client = trial?.client else { return }
    trial = nil
    finishTrial(.abandoned, for: client)
  }

  private func note(_ done: OperatorAnswer, _ counter: WritableKeyPath<RelayCounters, UInt64>) {
    if done.isSuccess {
      counters[keyPath: counter] += 1
      watchFiles()
    } else {
      counters.deploymentsRefused += 1
    }
  }
}
