/// What precedes a frame's payload (RFC 6455 §5.2).
public struct FrameHeader: Sendable, Equatable {
  public var isFinal: Bool
  public var opcode: Opcode
  /// RSV1: a whole message is compressed, of which this is the first frame (RFC 7692 §6).
  public var isCompressed: Bool
  public var payloadCount: Int
  /// The masking key as a plain load of its four bytes gives it; nil if the payload is not masked.
  public var key: UInt32?

  /// 2 + 8 + 4 bytes: the longest header.
  public static let bytesMax = 14
  /// The longest payload that can be spoken of with an `Int`, its header included.
  static let payloadCountMax = Int.max - bytesMax

  public init(
    isFinal: Bool = true, opcode: Opcode, payloadCount: Int, isCompressed: Bool = false, key: UInt32? = nil
  ) {
    self.isFinal = isFinal
    self.opcode = opcode
    self.payloadCount = payloadCount
    self.isCompressed = isCompressed
    self.key = key
  }

  /// Bytes of this header on the wire.
  @inlinable
  public var count: Int {
    let length = payloadCount < 126 ? 2 : payloadCount < 65536 ? 4 : 10
    return key == nil ? length : length + 4
  }

  /// Writes `count` bytes at the front of `place`, the payload's length in its shortest form.
  public func encode(into place: UnsafeMutableRawBufferPointer) {
    precondition(payloadCount >= 0 && place.count >= count)
    unsafe place[0] = opcode.rawValue | (isFinal ? 0x80 : 0) | (isCompressed ? 0x40 : 0)
    let maskBit: UInt8 = key == nil ? 0 : 0x80
    switch payloadCount {
    case ..<126:
      unsafe place[1] = maskBit | UInt8(payloadCount)
    case ..<65536:
      unsafe place[1] = maskBit | 126
      unsafe place.storeBytes(of: UInt16(payloadCount).bigEndian, toByteOffset: 2, as: UInt16.self)
    default:
      unsafe place[1] = maskBit | 127
      unsafe place.storeBytes(of: UInt64(payloadCount).bigEndian, toByteOffset: 2, as: UInt64.self)
    }
    if let key { unsafe place.storeBytes(of: key, toByteOffset: count - 4, as: UInt32.self) }
  }

  public enum Answer: Sendable, Equatable {
    /// The header is `needed` bytes long, as far as can be told.
    case incomplete(needed: Int)
    case complete(FrameHeader)
    case violation(code: UInt16, reason: StaticString)

    public static func == (left: Answer, right: Answer) -> Bool {
      switch (left, right) {
      case (.incomplete(let one), .incomplete(let other)): one == other
      case (.complete(let one), .complete(let other)): one == other
      case (.violation(let one, let why), .violation(let other, let whyOther)):
        one == other && why.description == whyOther.description
      default: false
      }
    }
  }

  /// Reads the header at the front of `bytes`, which must be masked or must not be (RFC 6455 §5.1), of a connection on
  /// which messages may come compressed or may not. Everything that the header alone makes wrong is refused, as early
  /// as its first byte.
  @inline(__always)
  public static func decode(
    _ bytes: UnsafeRawBufferPointer, isMasked: Bool, mayBeCompressed: Bool = false
  ) -> Answer {
    // Invariant: each load is preceded by a check that `bytes` reaches that far.
    guard let base = bytes.baseAddress, bytes.count >= 1 else { return .incomplete(needed: 2) }
    let first = unsafe base.load(as: UInt8.self)
    let reserved = first & 0x70
    if reserved != 0 {
      guard mayBeCompressed, reserved == 0x40 else {
        return broken("A reserved bit is set and no extension was negotiated (§5.2)")
      }
    }
    guard let opcode = Opcode(rawValue: first & 0x0F) else { return broken("The opcode is reserved (§5.2)") }
    guard reserved == 0 || opcode == .text || opcode == .binary else {
      return broken("Only the first frame of a message says that it is compressed (RFC 7692 §6.1)")
    }
    let isFinal = first & 0x80 != 0
    guard isFinal || !opcode.isControl else { return broken("A control frame is fragmented (§5.5)") }
    guard bytes.count >= 2 else { return .incomplete(needed: 2) }

    let second = unsafe base.load(fromByteOffset: 1, as: UInt8.self)
    guard (second & 0x80 != 0) == isMasked else {
      return broken(isMasked ? "A client's frame is not masked (§5.1)" : "A server's frame is masked (§5.1)")
    }
    let short = Int(second & 0x7F)
    guard short < 126 || !opcode.isControl else { return broken("A control frame exceeds 125 bytes (§5.5)") }
    let lengthEnd = short < 126 ? 2 : short == 126 ? 4 : 10
    let needed = isMasked ? lengthEnd &+ 4 : lengthEnd
    guard bytes.count >= lengthEnd else { return .incomplete(needed: needed) }

    var payloadCount = short
    if short == 126 {
      payloadCount = Int(UInt16(bigEndian: unsafe base.loadUnaligned(fromByteOffset: 2, as: UInt16.self)))
      guard payloadCount >= 126 else { return broken("The length is not in its shortest form (§5.2)") }
    } else if short == 127 {
      let long = UInt64(bigEndian: unsafe base.loadUnaligned(fromByteOffset: 2, as: UInt64.self))
      guard long >= 65536 else { return broken("The length is not in its shortest form (§5.2)") }
      guard long <= UInt64(Int.max) else { return broken("The length's highest bit is set (§5.2)") }
      payloadCount = Int(long)
      guard payloadCount <= payloadCountMax else {
        return .violation(code: CloseCode.messageTooBig, reason: "The message is too big (§10.4)")
      }
    }
    var header = FrameHeader(
      isFinal: isFinal, opcode: opcode, payloadCount: payloadCount, isCompressed: reserved != 0)
    if isMasked {
      guard bytes.count >= needed else { return .incomplete(needed: needed) }
      header.key = unsafe base.loadUnaligned(fromByteOffset: lengthEnd, as: UInt32.self)
    }
    return .complete(header)
  }

  private static func broken(_ reason: StaticString) -> Answer {
    .violation(code: CloseCode.protocolError, reason: reason)
  }
}
