import Bytes

/// One direction of a connection as a state machine: bytes in, messages and control frames out
/// (RFC 6455 §5, §6.2, §7). No I/O; idle, it owns no memory.
@safe
public struct Inbound: ~Copyable {
  /// The longest message in bytes; 0 = any.
  public let messageBytesMax: Int
  /// The most fragments of one message; 0 = any.
  private let fragmentsMax: UInt32
  /// Of the message that is under way.
  private var fragmentCount: UInt32 = 0
  private let expectsMask: Bool
  private enum Compression: UInt8 {
    case refused
    case accepted
    /// The message that is under way in fragments is compressed.
    case assembling
  }
  private var compression = Compression.refused
  /// A close frame or a violation was answered: nothing more is read (RFC 6455 §1.4, §7.1.7).
  public private(set) var isFinished = false
  /// Text or binary while a fragmented message is under way (RFC 6455 §5.4), else continuation.
  private var assembling = Opcode.continuation
  /// The caller holds `fragments` as a message; the next call takes it back.
  private var isLent = false
  /// The UTF-8 of the fragments so far.
  private var text = UTF8Validator()
  private var fragments = ByteQueue()

  /// - Parameter role: ours; a server requires masked frames, a client unmasked ones (RFC 6455 §5.1).
  public init(role: Role, messageBytesMax: Int, fragmentsMax: Int = 0) {
    precondition(messageBytesMax >= 0 && fragmentsMax >= 0)
    self.messageBytesMax = messageBytesMax
    self.fragmentsMax = UInt32(clamping: fragmentsMax)
    expectsMask = role == .server
  }

  /// permessage-deflate was negotiated: from now on messages may come compressed (RFC 7692 §6).
  public mutating func acceptCompressed() { compression = .accepted }

  /// Whether a message has begun whose last fragment is still to come.
  public var isAssembling: Bool { assembling != .continuation }

  /// Memory that is kept for a message in fragments, in bytes.
  public var blockCount: Int { fragments.blockCount }

  /// Reads nothing more, and forgets what has come of a message.
  public mutating func finish() {
    isFinished = true
    fragments.removeAll()
  }

  /// Looks at `buffer` from `offset` on, unmasks the first frame's payload in place once all of it is
  /// there, moves `offset` behind it and answers with what it means.
  ///
  /// Fragments that complete nothing are gone through silently. An incomplete frame is left untouched,
  /// so offering it again is right, but refused at once if its header is wrong or its length too large.
  public mutating func next(_ buffer: UnsafeMutableRawBufferPointer, at offset: inout Int) -> InboundEvent {
    // Two ways through the same lines, so that who has not agreed to compression pays one branch for it.
    if compression == .refused { return unsafe advance(buffer, at: &offset, mayBeCompressed: false) }
    return unsafe nextOrCompressed(buffer, at: &offset)
  }

  @inline(never)
  private mutating func nextOrCompressed(
    _ buffer: UnsafeMutableRawBufferPointer, at offset: inout Int
  ) -> InboundEvent {
    unsafe advance(buffer, at: &offset, mayBeCompressed: true)
  }

  @inline(__always)
  private mutating func advance(
    _ buffer: UnsafeMutableRawBufferPointer, at offset: inout Int, mayBeCompressed: Bool
  ) -> InboundEvent {
    precondition(offset >= 0 && offset <= buffer.count)
    if isLent {
      fragments.removeAll()
      isLent = false
    }
    while !isFinished {
      let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[offset...])
      let header: FrameHeader
      switch unsafe FrameHeader.decode(
        UnsafeRawBufferPointer(rest), isMasked: expectsMask, mayBeCompressed: mayBeCompressed)
      {
      case .complete(let found): header = found
      case .incomplete(let needed): return unsafe .incomplete(needed: needed)
      case .violation(let code, let reason): return unsafe violation(code, reason)
      }
      if let refusal = unsafe refuse(header) { return unsafe refusal }
      let start = header.count
      let end = start &+ header.payloadCount
      guard rest.count >= end else { return unsafe .incomplete(needed: end) }

      let payload = unsafe UnsafeMutableRawBufferPointer(rebasing: rest[start..<end])
      if let key = header.key { unsafe Masking.apply(key, to: payload) }
      offset &+= end
      if let event = unsafe take(header, payload) { return unsafe event }
    }
    offset = buffer.count
    return unsafe .incomplete(needed: 1)
  }

  /// What a header means wrong at this point of the conversation, before its payload is waited for.
  @inline(__always)
  private mutating func refuse(_ header: FrameHeader) -> InboundEvent? {
    if header.opcode.isControl { return nil }
    if header.opcode == .continuation {
      guard assembling != .continuation else {
        return unsafe violation(CloseCode.protocolError, "There is no message to continue (§5.4)")
      }
    } else if assembling != .continuation {
      return unsafe violation(CloseCode.protocolError, "A message starts inside another one (§5.4)")
    }
    // Refused before anything is kept: the length is attacker-chosen (RFC 6455 §10.4).
    let budget = messageBytesMax == 0 ? FrameHeader.payloadCountMax : messageBytesMax
    guard header.payloadCount <= budget - fragments.count else {
      return unsafe violation(CloseCode.messageTooBig, "The message is too big (§10.4)")
    }
    return nil
  }

  /// The event of a whole, unmasked frame; nil for a fragment that is not the last.
  @inline(__always)
  private mutating func take(_ header: FrameHeader, _ payload: UnsafeMutableRawBufferPointer) -> InboundEvent? {
    if header.isCompressed { return unsafe takeCompressed(header, UnsafeRawBufferPointer(payload)) }
    switch header.opcode {
    case .text where header.isFinal:
      guard unsafe UTF8Validator.isValid(UnsafeRawBufferPointer(payload)) else { return unsafe notUTF8() }
      return unsafe .message(isBinary: false, payload: payload)
    case .binary where header.isFinal:
      return unsafe .message(isBinary: true, payload: payload)
    case .text, .binary, .continuation:
      return unsafe takeFragment(header, UnsafeRawBufferPointer(payload))
    case .ping:
      return unsafe .ping(UnsafeRawBufferPointer(payload))
    case .pong:
      return unsafe .pong(UnsafeRawBufferPointer(payload))
    case .close:
      return unsafe takeClose(UnsafeRawBufferPointer(payload))
    }
  }

  /// The first or only frame of a compressed message. Its fragments are kept as they come.
  @inline(never)
  private mutating func takeCompressed(_ header: FrameHeader, _ payload: UnsafeRawBufferPointer) -> InboundEvent? {
    if header.isFinal { return unsafe .compressed(isBinary: header.opcode == .binary, payload: payload) }
    compression = .assembling
    return unsafe takeFragment(header, payload)
  }

  /// RFC 6455 §5.4. The text's UTF-8 is refused with the first fragment that breaks it (§8.1).
  private mutating func takeFragment(_ header: FrameHeader, _ payload: UnsafeRawBufferPointer) -> InboundEvent? {
    if header.opcode != .continuation {
      assembling = header.opcode
      text = UTF8Validator()
      fragmentCount = 0
    }
    guard fragmentsMax == 0 || fragmentCount < fragmentsMax else {
      return unsafe violation(CloseCode.policyViolation, "The message has too many fragments")
    }
    // Without a limit there may be more than it counts to.
    fragmentCount &+= 1
    if assembling == .text, compression != .assembling {
      guard unsafe text.consume(payload), !header.isFinal || text.isAtBoundary else { return unsafe notUTF8() }
    }
    unsafe fragments.append(payload)
    guard header.isFinal else { return nil }
    let isBinary = assembling == .binary
    assembling = .continuation
    isLent = true
    // The block stays where it is until the next call takes it back, even if this struct moves.
    if compression == .assembling {
      compression = .accepted
      return unsafe .compressed(isBinary: isBinary, payload: UnsafeRawBufferPointer(fragments.withBytes { unsafe $0 }))
    }
    return unsafe .message(isBinary: isBinary, payload: fragments.withBytes { unsafe $0 })
  }

  /// RFC 6455 §5.5.1, §7.4: nothing, or a code and a reason in UTF-8.
  private mutating func takeClose(_ payload: UnsafeRawBufferPointer) -> InboundEvent {
    if unsafe payload.isEmpty {
      isFinished = true
      return unsafe .close(code: nil, reason: payload)
    }
    guard payload.count >= 2 else {
      return unsafe violation(CloseCode.protocolError, "A close frame has half a code (§5.5.1)")
    }
    let code = UInt16(bigEndian: unsafe payload.loadUnaligned(as: UInt16.self))
    guard CloseCode.mayBeSent(code) else {
      return unsafe violation(CloseCode.protocolError, "The close code may not be sent (§7.4)")
    }
    var reason = unsafe UnsafeRawBufferPointer(rebasing: payload[2...])
    guard unsafe UTF8Validator.isValid(reason) else { return unsafe notUTF8() }
    // Godot 3 sends its reasons with C's terminator.
    if let last = unsafe reason.last, last == 0 { unsafe reason = UnsafeRawBufferPointer(rebasing: reason.dropLast()) }
    isFinished = true
    return unsafe .close(code: code, reason: reason)
  }

  private mutating func notUTF8() -> InboundEvent {
    unsafe violation(CloseCode.invalidPayload, "The text is not UTF-8 (§8.1)")
  }

  private mutating func violation(_ code: UInt16, _ reason: StaticString) -> InboundEvent {
    finish()
    return unsafe .violation(code: code, reason: reason)
  }
}
