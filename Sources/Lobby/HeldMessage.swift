/// A message that waits for somebody who is not there.
public struct HeldMessage: Sendable {
  /// What keeping one costs beside its bytes, roughly; counted with them, so that empty ones have a limit too.
  static let ownBytes = 200

  public let payload: [UInt8]
  public let isBinary: Bool
  /// From when on it is no longer delivered, in monotonic milliseconds.
  let deadline: UInt64
  let place: Place

  /// Where it waits: under a key of a lobby or the mount.
  struct Place: Hashable {
    let owner: Subject
    let key: [UInt8]
  }

  /// Bytes counted against the limit.
  var byteCount: Int { payload.count + place.key.count + Self.ownBytes }
}
