extension LobbyMachine {
  /// Keeps a message under a key of a lobby or the mount, behind those that are there. False when there is no room.
  public mutating func hold(
    _ payload: [UInt8], isBinary: Bool, for key: [UInt8], of owner: Subject, now: UInt64, deadline: UInt64
  ) throws(Refusal) -> Bool {
    try requireLive(owner)
    dropExpired(now: now)
    let place = HeldMessage.Place(owner: owner, key: key)
    let message = HeldMessage(payload: payload, isBinary: isBinary, deadline: deadline, place: place)
    guard within(heldNumbers(key, of: owner).count, limits.heldMessages) else { return false }
    guard limits.heldBytes == 0 || held.byteCount + message.byteCount <= limits.heldBytes else { return false }
    let number = held.add(message)
    withHeld(of: owner) { $0[key, default: []].append(number) }
    journal.append(.held(number))
    return true
  }

  /// What waits under a key, in the order in which it came.
  public mutating func heldMessages(_ key: [UInt8], of owner: Subject, now: UInt64) throws(Refusal) -> [HeldMessage] {
    try requireLive(owner)
    dropExpired(now: now)
    return heldNumbers(key, of: owner).compactMap { held[$0] }
  }

  /// Forgets the first `count` messages of those that wait under a key.
  public mutating func forgetHeld(_ key: [UInt8], of owner: Subject, count: Int) {
    let numbers = heldNumbers(key, of: owner)
    guard count > 0, !numbers.isEmpty else { return }
    setHeldNumbers(key, of: owner, Array(numbers.dropFirst(count)))
    release(numbers.prefix(count))
    journal.append(.forgotHeld(key, owner, numbers))
  }

  /// Messages held by the mount and all its lobbies, and the bytes that are counted for them.
  public var heldCount: Int { held.count }
  @inlinable
  public var heldByteCount: Int { held.byteCount }

  /// Forgets what a lobby that is about to go holds.
  mutating func forgetAllHeld(of lobby: UInt32) {
    for numbers in lobbies[Int(lobby)].held.values { release(numbers[...]) }
  }

  /// Takes messages out of the table; whose key they wait under no longer matters to it.
  private mutating func release(_ numbers: ArraySlice<UInt64>) {
    for number in numbers {
      if let message = held.remove(number) { journal.append(.releasedHeld(number, message)) }
    }
  }

  /// Not taken back: what is over for one hook is over for all that follow. Each key is gone through once, as any number
  /// of messages may wait under one.
  private mutating func dropExpired(now: UInt64) {
    var places: Set<HeldMessage.Place> = []
    while let message = held.removeExpired(now: now) { places.insert(message.place) }
    for place in places {
      let others = heldNumbers(place.key, of: place.owner).filter { held[$0] != nil }
      setHeldNumbers(place.key, of: place.owner, others)
    }
  }

  mutating func takeBackHolding(_ number: UInt64) {
    guard let message = held.remove(number) else { return }
    let (owner, key) = (message.place.owner, message.place.key)
    setHeldNumbers(key, of: owner, heldNumbers(key, of: owner).dropLast())
  }

  func heldNumbers(_ key: [UInt8], of owner: Subject) -> [UInt64] {
    switch owner {
    case .lobby(let ref): lobbies[Int(ref.slot)].held[key] ?? []
    default: mountHeld[key] ?? []
    }
  }

  mutating func setHeldNumbers(_ key: [UInt8], of owner: Subject, _ numbers: [UInt64]) {
    withHeld(of: owner) { $0[key] = numbers.isEmpty ? nil : numbers }
  }

  private mutating func withHeld(of owner: Subject, _ body: (inout [[UInt8]: [UInt64]]) -> Void) {
    switch owner {
    case .lobby(let ref): body(&lobbies[Int(ref.slot)].held)
    default: body(&mountHeld)
    }
  }
}
