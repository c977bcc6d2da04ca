import Reactor

/// What a service manager and the relay before are told.
extension Relay {
  /// Before `run`: who wants to know how this relay is, whose place it takes, and what is started to take its own.
  public func belong(to service: ServiceManager?, after predecessor: Predecessor?, program: Program?) {
    (life.service, life.predecessor, life.program) = (service, predecessor, program)
  }

  /// The relay serves.
  func beginService() {
    guard let predecessor = life.predecessor else { return tellReady() }
    predecessor.tell()
    do throws(SystemError) {
      // Nothing is read there: it hangs up, which is always told.
      try reactor.add(predecessor.ready, .none, Token(slot: Source.predecessor, generation: 0))
    } catch {
      log.error("the relay before could not be watched: \(error)")
      takeLeave()
    }
  }

  /// The relay before has let go. Until then the service manager would not have listened to this one.
  func takeLeave() {
    if let kept = life.predecessor.take()?.kept { inherit(kept) }
    tellReady()
  }

  private func tellReady() {
    guard let service = life.service else { return }
    service.tell("READY=1", "STATUS=serving \(listening.joined(separator: ", "))")
    if service.watchdogMilliseconds != nil { life.watchdogAt = now }
  }

  /// Whether this process is about to end, or another one has begun to take over. What is loaded or deployed then would
  /// be here alone.
  var isLeaving: Bool { graceEnds != nil || life.drain != nil || life.handOver != nil }

  static let isLeavingReason = "the relay is about to end, or another one has begun to take over: ask the one after it"

  /// Loads everything anew, as the service manager has asked for. sd_notify(3)
  func reloadBySignal() {
    guard !isLeaving else { return log.warning(Self.isLeavingReason) }
    life.service?.tell("RELOADING=1", "MONOTONIC_USEC=\(Clock.nanoseconds / 1000)")
    reload(nil, .signal)
    life.service?.tell("READY=1")
  }

  /// Looks at whatever of the relay's coming and going is due.
  func lookAtLife() {
    if now >= life.watchdogAt, let milliseconds = life.service?.watchdogMilliseconds {
      life.service?.tell("WATCHDOG=1")
      life.watchdogAt = now + UInt64(milliseconds)
    }
    endOverdueHandOver()
    continueDrain()
  }

  /// An event of one of the tokens from `Source.lifeFrom` on.
  func takeLifeEvent(_ slot: UInt32) {
    if slot == Source.successor { lookAtSuccessor() } else { takeLeave() }
  }
}
