extension LobbyMachine {
  /// Lets a lobby stay until then though nobody is in it; nil ends that, at once. An earlier deadline is forgotten.
  public mutating func keepLobby(_ ref: LobbyRef, until deadline: UInt64?) throws(Refusal) {
    guard isLive(ref) else { throw .lobbyGone }
    let wasKept = stopKeeping(ref.slot)
    guard let deadline else {
      if wasKept, lobbies[Int(ref.slot)].members.isEmpty { dropLobby(ref.slot) }
      return
    }
    var record = TimerRecord()
    record.subject = .lobby(ref)
    record.deadline = deadline
    record.isKeeping = true
    lobbies[Int(ref.slot)].keeping = timers.add(record)
    journal.append(.startedKeeping(ref.slot))
  }

  /// Whether a lobby stays when its last member leaves.
  func isKept(_ slot: UInt32) -> Bool { lobbies[Int(slot)].keeping != .max }

  /// False when the lobby was not kept.
  @discardableResult
  mutating func stopKeeping(_ slot: UInt32) -> Bool {
    let timer = lobbies[Int(slot)].keeping
    guard timer != .max else { return false }
    journal.append(.stoppedKeeping(slot, timer, timers[timer]))
    timers.remove(timer)
    lobbies[Int(slot)].keeping = .max
    return true
  }

  /// The time is over. Outside any transaction.
  mutating func endKeeping(_ subject: Subject) {
    guard case .lobby(let ref) = subject else { return }
    stopKeeping(ref.slot)
    if lobbies[Int(ref.slot)].members.isEmpty { dropLobby(ref.slot) }
    commit()
  }
}
