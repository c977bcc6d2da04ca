import Schedule

/// All held messages of a mount. Which of them wait under which key, in order, their owners know.
@usableFromInline
struct HeldTable {
  private var messages: [UInt64: HeldMessage] = [:]
  private var schedule = Deadlines()
  private var nextNumber: UInt64 = 0
  @usableFromInline private(set) var byteCount = 0

  var count: Int { messages.count }
  /// Messages and what has not been met yet of those that are gone.
  var scheduledCount: Int { schedule.count }

  subscript(number: UInt64) -> HeldMessage? { messages[number] }

  /// Keeps a message and answers the number that it has from now on.
  mutating func add(_ message: HeldMessage) -> UInt64 {
    defer { nextNumber += 1 }
    restore(message, nextNumber)
    return nextNumber
  }

  mutating func remove(_ number: UInt64) -> HeldMessage? {
    guard let message = messages.removeValue(forKey: number) else { return nil }
    byteCount -= message.byteCount
    return message
  }

  /// Takes back a `remove`. What was scheduled before may have been met meanwhile.
  mutating func restore(_ message: HeldMessage, _ number: UInt64) {
    messages[number] = message
    byteCount += message.byteCount
    schedule.insert(deadline: message.deadline, payload: number)
  }

  /// Removes one message whose time is over, if there is one.
  mutating func removeExpired(now: UInt64) -> HeldMessage? {
    while let number = schedule.popDue(now: now) {
      if let message = remove(number) { return message }
    }
    return nil
  }

  /// Drops entries for what is gone once they outnumber the others.
  mutating func compact() {
    guard schedule.count > 2 * messages.count + 1024 else { return }
    let messages = self.messages
    schedule.removeAll { messages[$0] == nil }
  }
}
