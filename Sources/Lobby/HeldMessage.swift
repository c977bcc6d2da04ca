/// A message that waits for somebody who is not there.
public struct HeldMessage: Sendable {
  /// What keeping one costs beside its bytes, roughly; counted with them, so that empty ones have a limit too.
  static let ownBytes = 200

  public let payload: [UInt8]
  public let isBinary: Bool
  /// From when on it is no longer delivered, in monotonic milliseconds.
  let deadline: UInt64
  let owner: Subject
  let key: [UInt8]

  /// Bytes counted against the limit.
  var byteCount: Int { payload.count + key.count + Self.ownBytes }
}
