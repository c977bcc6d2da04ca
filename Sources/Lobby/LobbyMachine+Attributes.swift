extension LobbyMachine {
  /// An attribute of a live subject, nil where there is none.
  public func attribute(_ key: UnsafeRawBufferPointer, of subject: Subject) -> PlainValue? {
    switch subject {
    case .peer(let ref): unsafe isLive(ref) ? peers[Int(ref.slot)].attributes.value(key) : nil
    case .lobby(let ref): unsafe isLive(ref) ? lobbies[Int(ref.slot)].attributes.value(key) : nil
    case .mount: unsafe mountAttributes.value(key)
    }
  }

  /// The live lobbies with this attribute, in slot order; for nil those without it.
  public func lobbies(with key: UnsafeRawBufferPointer, _ value: PlainValue?) -> [LobbyRef] {
    liveLobbies.filter { unsafe has(.lobby($0), key, value) }
  }

  /// The live peers with this attribute, in slot order; for nil those without it.
  public func peers(with key: UnsafeRawBufferPointer, _ value: PlainValue?) -> [PeerRef] {
    livePeers.filter { unsafe has(.peer($0), key, value) }
  }

  private func has(_ subject: Subject, _ key: UnsafeRawBufferPointer, _ value: PlainValue?) -> Bool {
    let found = unsafe attribute(key, of: subject)
    guard let found, let value else { return found == nil && value == nil }
    return found.isSame(as: value)
  }

  /// Sets an attribute; nil removes it.
  public mutating func setAttribute(
    _ key: UnsafeRawBufferPointer, of subject: Subject, to value: PlainValue?
  ) throws(Refusal) {
    try requireLive(subject)
    let wanted = withAttributes(of: subject) { unsafe $0.byteCount(setting: key, to: value) }
    if value != nil, limits.attributeBytes > 0, wanted > limits.attributeBytes { throw .limit("attribute_bytes") }
    let old = unsafe attribute(key, of: subject)
    withAttributes(of: subject) { unsafe $0.set(key, to: value) }
    journal.append(.attribute(subject, key: unsafe [UInt8](key), was: old))
  }

  public mutating func setAttribute(
    _ key: [UInt8], of subject: Subject, to value: PlainValue?
  ) throws(Refusal) {
    let outcome: Result<Void, Refusal> = unsafe key.withUnsafeBytes { key in
      do throws(Refusal) {
        return .success(try unsafe setAttribute(key, of: subject, to: value))
      } catch {
        return .failure(error)
      }
    }
    try outcome.get()
  }

  func requireLive(_ subject: Subject) throws(Refusal) {
    switch subject {
    case .peer(let ref): if !isLive(ref) { throw .peerGone }
    case .lobby(let ref): if !isLive(ref) { throw .lobbyGone }
    case .mount: break
    }
  }

  mutating func withAttributes<Result>(of subject: Subject, _ body: (inout Attributes) -> Result) -> Result {
    switch subject {
    case .peer(let ref): body(&peers[Int(ref.slot)].attributes)
    case .lobby(let ref): body(&lobbies[Int(ref.slot)].attributes)
    case .mount: body(&mountAttributes)
    }
  }
}
