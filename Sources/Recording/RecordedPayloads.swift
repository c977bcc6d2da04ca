import Conversation

/// How much of what people say a recording holds. Only a full one can be replayed.
public enum RecordedPayloads: String, Sendable {
  case full
  /// In place of every text its length and a hash: two that are equal are seen to be. The key of the hash is random
  /// and written nowhere, so that nobody finds a text by trying.
  case hash
  /// In place of every text its length.
  case none

  func text(_ bytes: [UInt8]) -> TalkValue {
    var members = [TalkValue.Member("bytes", .integer(Int64(bytes.count)))]
    switch self {
    case .full: return .string(bytes)
    case .hash:
      // Seeded at random for each process: SipHash.
      var hasher = Hasher()
      hasher.combine(bytes)
      members.append(.init("hash", .string(Hexadecimal.text(UInt64(bitPattern: Int64(hasher.finalize()))))))
    case .none: break
    }
    return .object(members)
  }

  func text(_ text: String) -> TalkValue { self.text(Array(text.utf8)) }
}
