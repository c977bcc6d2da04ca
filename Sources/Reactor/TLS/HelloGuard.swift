/// Looks at what a client sends until a TLS handshake is done, before OpenSSL does. OpenSSL makes room for a message of
/// 128 KiB as soon as its four bytes of head say so, which a thousand clients could say and then wait.
///
/// A record is five bytes, of which the last two are the length, and its body; a handshake message is one byte of type,
/// three of length, and may go over several records (RFC 8446 §4, §5.1).
struct HelloGuard {
  /// Bytes of one handshake message. With all extensions and post-quantum keys of today's browsers they have 2 KiB.
  static let messageBytesMax = 16 << 10

  enum Verdict: Equatable {
    case good
    /// Text such as HTTP, which no record begins with.
    case plainText
    case refused(String)
  }

  /// Of a record's head: how many bytes have come, its type and, so far, its length.
  private var headCount: UInt8 = 0
  private var type: UInt8 = 0
  private var recordLeft: UInt16 = 0
  /// The same of a message.
  private var messageHeadCount: UInt8 = 0
  private var messageLeft: UInt32 = 0
  private var isFirst = true
  /// The client has switched to its keys, if this is TLS 1.2.
  private var hasChangedCipher = false

  private enum RecordType {
    static let changeCipherSpec: UInt8 = 20
    static let handshake: UInt8 = 22
  }

  /// Takes the next bytes.
  /// - Parameter isVersion12: TLS 1.2 has been agreed on. Its messages cannot be read once ciphers have changed; those
  ///   of TLS 1.3 are no handshake records any longer.
  mutating func take(_ bytes: UnsafeRawBufferPointer, isVersion12: Bool) -> Verdict {
    for index in bytes.indices {
      let verdict = take(unsafe bytes[index], isVersion12)
      guard verdict == .good else { return verdict }
    }
    return .good
  }

  private mutating func take(_ byte: UInt8, _ isVersion12: Bool) -> Verdict {
    if headCount < 5 { return takeHead(byte) }
    recordLeft -= 1
    if recordLeft == 0 { headCount = 0 }
    if type == RecordType.changeCipherSpec { hasChangedCipher = true }
    guard type == RecordType.handshake, !(isVersion12 && hasChangedCipher) else { return .good }
    return takeMessage(byte)
  }

  private mutating func takeHead(_ byte: UInt8) -> Verdict {
    if isFirst {
      isFirst = false
      if (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) { return .plainText }
      guard byte == RecordType.handshake else { return .refused("it does not begin as TLS does") }
    }
    if headCount == 0 { type = byte }
    if headCount >= 3 { recordLeft = recordLeft << 8 | UInt16(byte) }
    headCount += 1
    // An empty record is only a head.
    if headCount == 5, recordLeft == 0 { headCount = 0 }
    return .good
  }

  private mutating func takeMessage(_ byte: UInt8) -> Verdict {
    if messageHeadCount == 4 {
      messageLeft -= 1
    } else {
      messageLeft = messageHeadCount == 0 ? 0 : messageLeft << 8 | UInt32(byte)
      messageHeadCount += 1
      guard messageHeadCount == 4 else { return .good }
      guard messageLeft <= Self.messageBytesMax else { return .refused("a handshake message is too long") }
    }
    if messageLeft == 0 { messageHeadCount = 0 }
    return .good
  }
}
