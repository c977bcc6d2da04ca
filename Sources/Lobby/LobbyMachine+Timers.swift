extension LobbyMachine {
  /// Starts a named timer. One of the same name on the same subject is replaced. The limit is on those of scripts.
  public mutating func startTimer(
    _ name: [UInt8], on subject: Subject, deadline: UInt64, arguments: [PlainValue] = [], isLimited: Bool = true
  ) throws(Refusal) {
    try requireLive(subject)
    let bytes = arguments.reduce(name.count) { $0 + $1.byteCount }
    guard limits.attributeBytes == 0 || bytes <= limits.attributeBytes else { throw .limit("attribute_bytes") }
    // Where one is replaced, there is room for one.
    if try !cancelTimer(name, on: subject), isLimited {
      guard within(timerCount(subject), limits.timersPerSubject) else { throw .limit("timers_per_subject") }
    }
    var record = TimerRecord()
    record.subject = subject
    record.name = name
    record.arguments = arguments
    record.deadline = deadline
    record.next = chain(subject).first
    let slot = timers.add(record)
    setChain(subject, TimerChain(first: slot))
    journal.append(.startedTimer(slot))
  }

  /// Cancels a named timer; false when there was none.
  public mutating func cancelTimer(_ name: [UInt8], on subject: Subject) throws(Refusal) -> Bool {
    try requireLive(subject)
    var slot = chain(subject).first
    while slot != .max {
      let record = timers[slot]
      if record.name == name {
        cancel(slot)
        return true
      }
      slot = record.next
    }
    return false
  }

  /// When the next timer is due, in milliseconds. Outside any transaction.
  public mutating func nextDeadline() -> UInt64? { timers.nextDeadline() }

  /// One timer that is due, already cancelled. Outside any transaction.
  public mutating func takeDueTimer(now: UInt64) -> DueTimer? {
    while let slot = timers.popDue(now: now) {
      let record = timers[slot]
      if record.isKeeping {
        endKeeping(record.subject)
        continue
      }
      cancel(slot)
      commit()
      return DueTimer(subject: record.subject, name: record.name, arguments: record.arguments)
    }
    return nil
  }

  public var timerCount: Int { timers.liveCount }

  /// Cancels every timer of a chain whose subject is about to go.
  mutating func cancelAll(_ chain: TimerChain) {
    var slot = chain.first
    while slot != .max {
      let next = timers[slot].next
      cancel(slot)
      slot = next
    }
  }

  /// Takes a timer out of its subject's chain and frees it.
  private mutating func cancel(_ slot: UInt32) {
    let record = timers[slot]
    unlink(slot, record)
    timers.remove(slot)
    journal.append(.cancelledTimer(slot, record))
  }

  mutating func unlink(_ slot: UInt32, _ record: TimerRecord) {
    var current = chain(record.subject).first
    guard current != slot else { return setChain(record.subject, TimerChain(first: record.next)) }
    while timers[current].next != slot { current = timers[current].next }
    timers[current].next = record.next
  }

  private func timerCount(_ subject: Subject) -> Int {
    var count = 0
    var slot = chain(subject).first
    while slot != .max {
      count += 1
      slot = timers[slot].next
    }
    return count
  }

  func chain(_ subject: Subject) -> TimerChain {
    switch subject {
    case .peer(let ref): peers[Int(ref.slot)].timers
    case .lobby(let ref): lobbies[Int(ref.slot)].timers
    case .mount: mountTimers
    }
  }

  mutating func setChain(_ subject: Subject, _ chain: TimerChain) {
    switch subject {
    case .peer(let ref): peers[Int(ref.slot)].timers = chain
    case .lobby(let ref): lobbies[Int(ref.slot)].timers = chain
    case .mount: mountTimers = chain
    }
  }
}
