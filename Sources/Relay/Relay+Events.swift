import Reactor

extension Relay {
  /// How long one turn takes events before what they have brought is sent: a crowd may leave at once, or be spoken to.
  private static let eventMicroseconds: UInt64 = 2000

  /// Handles what the kernel has told, as far as the turn's time goes. The next turn goes on where this one ends, before
  /// the kernel is asked again: it tells first what it has not told for longest, so nobody waits for others twice.
  func takeEvents() -> AfterSignal {
    var slice: TimeSlice?
    var taken = 0
    while !isTurnOver, let index = events.popFirst() {
      if take(reactor.event(index)) == .exitNow { return .exitNow }
      lookAtClock()
      taken += 1
      // A few events, or what few are sent, take no time that would be worth a look at the clock.
      guard taken % 16 == 0 || outbox.touchedCount > 64 else { continue }
      if let slice, slice.isOver { return .goOn }
      slice = slice ?? TimeSlice(microseconds: Self.eventMicroseconds)
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
