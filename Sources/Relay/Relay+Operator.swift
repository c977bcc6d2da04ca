import HTTP
import Policy
import Reactor

extension Relay {
  private static let withoutStore = "this relay keeps no deployments: start it with --deployments FOLDER"
  /// Bytes of a request to go back, which is read in the loop.
  private static let rollbackBytes = 4 << 10

  /// Answers a request on the admin listener, once its body is there; answers the bytes that were used up.
  func takeOperatorRequest(_ slot: UInt32, _ head: RequestHead, _ length: Int, _ bytes: UnsafeRawBufferPointer) -> Int {
    let status = status
    if let refusal = status.refusal(of: head) {
      answer(slot, refusal)
      return bytes.count
    }
    guard head.method == "POST", head.path == "/deploy" || head.path == "/rollback" else {
      answer(slot, status.answer(head, reload: { reload(nil, .operator) }), omitsBody: head.method == "HEAD")
      return length
    }
    guard let deployer else {
      answer(slot, OperatorAnswer(409, error: Self.withoutStore))
      return bytes.count
    }
    let bodyBytes: Int
    do throws(OperatorAnswer) {
      bodyBytes = try self.bodyBytes(of: head)
    } catch {
      answer(slot, error)
      return bytes.count
    }
    guard bytes.count - length >= bodyBytes else { return 0 }
    guard trial == nil else {
      answer(slot, OperatorAnswer(409, error: "another deployment is being tried: wait until it has ended"))
      return bytes.count
    }
    let body = unsafe Array(bytes[length..<(length + bodyBytes)])
    if head.path == "/deploy" {
      deploy(body, with: deployer, for: slot)
    } else {
      let done = deployer.rollBack(body)
      note(done, \.rollbacks)
      answer(slot, done)
    }
    return bytes.count
  }

  /// The length of a body that is JSON and not too long.
  private func bodyBytes(of head: RequestHead) throws(OperatorAnswer) -> Int {
    let type = head.header("Content-Type")?.split(separator: ";").first.map { $0.lowercased() }
    // What a page can send without being asked is no JSON (Fetch §4.10, "simple" requests).
    guard type?.filter({ $0 != " " }) == "application/json" else {
      throw OperatorAnswer(415, error: "send it as Content-Type: application/json")
    }
    guard case .length(let count) = head.body else {
      throw OperatorAnswer(411, error: "say its length: Content-Length")
    }
    guard head.path == "/deploy" || count <= Self.rollbackBytes else {
      throw OperatorAnswer(413, error: "\(count) bytes are more than a rollback has (\(Self.rollbackBytes))")
    }
    guard count <= limits.deployBytes else {
      throw OperatorAnswer(413, error: "\(count) bytes are more than limit deploy_bytes (\(limits.deployBytes))")
    }
    return count
  }

  private func deploy(_ body: [UInt8], with deployer: any Deployer, for slot: UInt32) {
    do {
      let process = try deployer.begin(body)
      try reactor.add(process.descriptor, .reading, Token(slot: Source.trial, generation: 0))
      trial = RunningTrial(
        process: process, client: Token(slot: slot, generation: connections[slot].generation),
        ends: now + UInt64(limits.deployMilliseconds))
      connections[slot].phase = .awaiting
      connections[slot].deadline = .max
    } catch let refusal as OperatorAnswer {
      note(refusal, \.deployments)
      answer(slot, refusal)
    } catch {
      _ = deployer.finish(.abandoned)
      answer(slot, OperatorAnswer(500, error: "\(error)"))
    }
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
    if connections.isLive(client.slot, client.generation) { answer(client.slot, done) }
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

  private func answer(_ slot: UInt32, _ answer: OperatorAnswer) {
    self.answer(slot, Status.answer(answer.status, answer.json))
  }
}
