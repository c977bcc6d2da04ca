import Reactor

extension Relay {
  /// How long one turn takes events before what they have brought is sent: a crowd may leave at once, or be spoken to.
  private static let eventMicroseconds: UInt64 = 2000

  /// Handles what the kernel has told, as far as the turn's time goes; it tells the rest again. The next turn begins
  /// where this one ends, so that nobody waits for others again and again.
  func takeEvents(_ ready: Int) -> AfterSignal {
    let first = firstEvent < ready ? firstEvent : 0
    firstEvent = 0
    var slice: TimeSlice?
    for step in 0..<ready {
      let index = first + step < ready ? first + step : first + step - ready
      var isEnough = isTurnOver
      // A few events, or what few are sent, take no time that would be worth a look at the clock.
      if step % 16 == 15 || outbox.touchedCount > 64 {
        if let slice, slice.isOver { isEnough = true }
        slice = slice ?? TimeSlice(microseconds: Self.eventMicroseconds)
      }
      if isEnough {
        firstEvent = index
        return .goOn
      }
      if take(reactor.event(index)) == .exitNow { return .exitNow }
      lookAtClock()
    }
    return .goOn
  }

  private func take(_ event: Event) -> AfterSignal {
    switch event.token.slot {
    case ..<Source.listenersFrom: handle(event)
    case Source.files: takeFileChanges()
    case Source.trial: takeTrialEnd()
    case Source.signals: return takeSignals()
    case Source.successor, Source.predecessor: takeLifeEvent(event.token.slot)
    default: acceptNewcomers(at: Int(event.token.slot - Source.listenersFrom))
    }
    return .goOn
  }

  private func handle(_ event: Event) {
    let slot = event.token.slot
    guard connections.isLive(slot, event.token.generation) else { return }
    handling = slot
    defer { handling = nil }
    let isEntangled = connections[slot].stream.isEntangled
    if event.writable { flush(slot) }
    if event.readable || event.hangup || isEntangled, connections.isLive(slot, event.token.generation),
      !connections[slot].isBacklogged
    {
      read(slot)
      guard connections.isLive(slot, event.token.generation) else { return }
      if isPiling(slot) { closeHoarder(slot) }
      if isEntangled || connections[slot].stream.isEntangled { flush(slot) }
    }
  }
}
