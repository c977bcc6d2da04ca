import HTTP
import Policy
import Reactor

/// Why a hand-over does not begin.
private struct HandOverRefusal: Error {
  let status: Int
  let reason: String
}

/// A hand-over: another relay is started with this one's sockets, and when it serves, this one drains. Whoever connects
/// meanwhile waits in the kernel's queue, which both have.
extension Relay {
  /// `POST /upgrade`
  func handOver(_ request: OperatorRequest) throws(OperatorAnswer) -> RequestAnswer? {
    let members = try RequestMembers(request.body, names: ["seconds"])
    let seconds = try members.integer("seconds", in: 0...Drain.secondsMax)
    let slot = request.slot
    do throws(HandOverRefusal) {
      try handOver(seconds: seconds, for: Token(slot: slot, generation: connections[slot].generation))
    } catch {
      throw OperatorAnswer(error.status, error: error.reason)
    }
    connections[slot].phase = .awaiting
    connections[slot].deadline = .max
    return nil
  }

  /// The same by a signal: the log says what comes of it.
  func handOverBySignal() {
    do throws(HandOverRefusal) {
      try handOver(seconds: nil, for: nil)
    } catch {
      log.error("there is no hand-over: \(error.reason)")
    }
  }

  private func handOver(seconds: Int?, for client: Token?) throws(HandOverRefusal) {
    guard graceEnds == nil, life.drain == nil else {
      throw HandOverRefusal(status: 409, reason: "the relay drains already")
    }
    guard life.handOver == nil else {
      throw HandOverRefusal(status: 409, reason: "a hand-over has begun already")
    }
    guard life.predecessor == nil else {
      throw HandOverRefusal(status: 409, reason: "the relay before this one has not let go yet: try again")
    }
    guard trial == nil else {
      throw HandOverRefusal(status: 409, reason: "a deployment is being tried: wait until it has ended")
    }
    guard let program = life.program else {
      throw HandOverRefusal(status: 409, reason: "it is not known where the program of this relay is")
    }
    let sockets = listeners.places.compactMap { listeners[$0] }.map { box in
      (box.listener.descriptor.number, box.purpose == .operator ? InheritedSocket.adminName : "listen")
    }
    log.info("handing over to \(program.path)")
    deployer?.release()
    do throws(SystemError) {
      let successor = try Successor(program, sockets: sockets)
      try successor.watch(with: &reactor, Token(slot: Source.successor, generation: 0))
      life.handOver = HandOver(successor: successor, client: client, seconds: seconds ?? drainSeconds)
      life.handOverEnds = now + UInt64(limits.upgradeMilliseconds)
    } catch {
      deployer?.retake()
      throw HandOverRefusal(status: 422, reason: error.description)
    }
  }

  /// There may be news of the relay that is to take over.
  func lookAtSuccessor() {
    guard let news = life.handOver?.successor.look() else { return }
    switch news {
    case .none: return
    case .ready: succeed()
    case .ended(.exited(let code)): failHandOver("the new process has ended with exit code \(code)")
    case .ended(.killed(let signal)): failHandOver("the new process was ended by signal \(signal)")
    case .ended(.unknown): failHandOver("the new process has ended")
    }
  }

  func endOverdueHandOver() {
    guard now >= life.handOverEnds else { return }
    failHandOver("the new process does not serve within limit upgrade_milliseconds (\(limits.upgradeMilliseconds))")
  }

  private func takeHandOver() -> HandOver? {
    life.handOverEnds = .max
    return life.handOver.take()
  }

  /// The other one serves: this one is the one before from here on.
  private func succeed() {
    guard var handOver = takeHandOver(), let number = handOver.successor.number else { return }
    // First, so that the service manager hears of a child of its own.
    handOver.successor.release(leaving: legacy.bytes)
    life.service?.tell("MAINPID=\(number)")
    life.service = nil
    life.watchdogAt = .max
    journal?.handedOver()
    log.info("handed over to process \(number)")
    if let client = handOver.client {
      let told: [(String, JSON?)] = [
        ("process", .integer(number)), ("seconds", .integer(handOver.seconds)), ("connections", .integer(clientCount)),
      ]
      finishHandOver(OperatorAnswer(200, .object(told)), for: client)
    }
    drain(seconds: handOver.seconds, successor: number)
  }

  /// Everything stays as it was.
  private func failHandOver(_ reason: String) {
    guard let handOver = takeHandOver() else { return }
    let said = handOver.successor.said.split(separator: "\n").suffix(5).joined(separator: "\n")
    let client = handOver.client
    // Ends the process, if there still is one: only then what it has locked is free.
    _ = consume handOver
    deployer?.retake()
    let whole = said.isEmpty ? reason : "\(reason): \(said)"
    log.error("the hand-over has failed, and this process serves on: \(whole)")
    if let client { finishHandOver(OperatorAnswer(422, error: whole), for: client) }
  }

  /// The relay ends in another way.
  func abandonHandOver(_ reason: String) {
    if life.handOver != nil { failHandOver(reason) }
  }

  private func finishHandOver(_ done: OperatorAnswer, for client: Token) {
    // Whoever has asked may be gone.
    if connections.isLive(client.slot, client.generation) { answer(client.slot, done.response) }
  }
}
