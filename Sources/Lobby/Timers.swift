import Schedule

/// The timers of one subject: a chain through the timer table, so a subject without timers pays four bytes.
struct TimerChain {
  static let empty = TimerChain(first: .max)
  var first: UInt32
  var isEmpty: Bool { first == .max }
}

/// One named timer.
struct TimerRecord {
  var generation: UInt32 = 0
  var next: UInt32 = .max
  var subject = Subject.mount
  var name: [UInt8] = []
  var arguments: [PlainValue] = []
  var deadline: UInt64 = 0
  /// No timer of a script: it keeps its lobby, and is in no chain.
  var isKeeping = false
}

/// A timer whose time has come. It is cancelled already: starting it again is the script's choice.
public struct DueTimer: Equatable, Sendable {
  public let subject: Subject
  public let name: [UInt8]
  public let arguments: [PlainValue]
}

/// All timers of a mount.
struct TimerTable {
  private var records: [TimerRecord] = []
  private var free: [UInt32] = []
  private var nextGeneration: UInt32 = 1
  private var schedule = Deadlines()
  private(set) var liveCount = 0

  subscript(slot: UInt32) -> TimerRecord {
    get { records[Int(slot)] }
    set { records[Int(slot)] = newValue }
  }

  /// Deadline of the earliest live timer, in milliseconds.
  mutating func nextDeadline() -> UInt64? {
    while let entry = schedule.peek {
      if isLive(entry.payload) { return entry.deadline }
      _ = schedule.popDue(now: .max)
    }
    return nil
  }

  /// The slot of one timer that is due, if there is one.
  mutating func popDue(now: UInt64) -> UInt32? {
    while let payload = schedule.popDue(now: now) {
      if isLive(payload) { return UInt32(truncatingIfNeeded: payload) }
    }
    return nil
  }

  /// Puts a record into a slot of its own and schedules it.
  mutating func add(_ record: TimerRecord) -> UInt32 {
    let slot: UInt32
    if let reused = free.popLast() {
      slot = reused
    } else {
      slot = UInt32(records.count)
      records.append(TimerRecord())
    }
    var record = record
    record.generation = nextGeneration
    nextGeneration = nextGeneration == .max ? 1 : nextGeneration + 1
    place(record, at: slot)
    schedule.insert(deadline: record.deadline, payload: payload(slot, record.generation))
    return slot
  }

  /// Frees a slot. Its entry in the schedule goes stale and is dropped when met, or by `compact`.
  mutating func remove(_ slot: UInt32) {
    records[Int(slot)] = TimerRecord()
    free.append(slot)
    liveCount -= 1
  }

  /// Takes back a `remove`: the entry in the schedule is still there, because nothing is compacted
  /// or popped while a hook runs.
  mutating func restore(_ record: TimerRecord, at slot: UInt32) {
    let reused = free.popLast()
    precondition(reused == slot, "changes are taken back in reverse order")
    place(record, at: slot)
  }

  /// Drops stale entries once they outnumber the live ones, so that restarting a timer on every
  /// message costs no memory.
  mutating func compact() {
    guard schedule.count > 2 * liveCount + 1024 else { return }
    let records = self.records
    schedule.removeAll { payload in
      records[Int(UInt32(truncatingIfNeeded: payload))].generation != UInt32(truncatingIfNeeded: payload >> 32)
    }
  }

  private mutating func place(_ record: TimerRecord, at slot: UInt32) {
    records[Int(slot)] = record
    liveCount += 1
  }

  private func isLive(_ payload: UInt64) -> Bool {
    records[Int(UInt32(truncatingIfNeeded: payload))].generation == UInt32(truncatingIfNeeded: payload >> 32)
  }

  private func payload(_ slot: UInt32, _ generation: UInt32) -> UInt64 {
    UInt64(generation) << 32 | UInt64(slot)
  }
}
