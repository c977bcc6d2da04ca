import Bytes

extension ByteQueue {
  /// Appends one frame (RFC 6455 §5.2), masked if a client's `key` is given (§5.3).
  public mutating func appendFrame(
    _ opcode: Opcode, _ payload: UnsafeRawBufferPointer, isFinal: Bool = true, key: UInt32? = nil
  ) {
    unsafe appendFrame(opcode, count: payload.count, isFinal: isFinal, key: key) { place in
      if payload.count > 0 { unsafe place.copyMemory(from: payload) }
    }
  }

  /// Appends one frame whose `count` payload bytes `fill` writes in place; it must write them all. If they are
  /// compressed (RFC 7692 §6.1), the frame says so.
  @inlinable
  public mutating func appendFrame<Failure: Error>(
    _ opcode: Opcode, count: Int, isFinal: Bool = true, isCompressed: Bool = false, key: UInt32? = nil,
    fill: (UnsafeMutableRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    precondition(!opcode.isControl || (isFinal && count <= 125))
    let header = FrameHeader(
      isFinal: isFinal, opcode: opcode, payloadCount: count, isCompressed: isCompressed, key: key)
    let start = header.count
    try unsafe append(count: start + count) { (place: UnsafeMutableRawBufferPointer) throws(Failure) in
      unsafe header.encode(into: place)
      let payload = unsafe UnsafeMutableRawBufferPointer(rebasing: place[start...])
      try unsafe fill(payload)
      if let key { unsafe Masking.apply(key, to: payload) }
    }
  }

  /// Appends a close frame (RFC 6455 §5.5.1); without a code it is empty, and the reason is not sent.
  ///
  /// Of a reason longer than 123 bytes the end is cut off between scalars; so is whatever follows a byte
  /// that is not UTF-8. The code must be one that `CloseCode.mayBeSent`.
  public mutating func appendClose(code: UInt16?, reason: UnsafeRawBufferPointer, key: UInt32? = nil) {
    guard let code else {
      unsafe appendFrame(.close, UnsafeRawBufferPointer(start: nil, count: 0), key: key)
      return
    }
    precondition(CloseCode.mayBeSent(code))
    let sent = unsafe UnsafeRawBufferPointer(rebasing: reason.prefix(CloseCode.sentCount(ofReason: reason)))
    unsafe appendFrame(.close, count: 2 + sent.count, key: key) { place in
      unsafe place.storeBytes(of: code.bigEndian, as: UInt16.self)
      unsafe UnsafeMutableRawBufferPointer(rebasing: place[2...]).copyMemory(from: sent)
    }
  }

  public mutating func appendClose(code: UInt16?, reason: String = "", key: UInt32? = nil) {
    var text = reason
    text.withUTF8 { unsafe appendClose(code: code, reason: UnsafeRawBufferPointer($0), key: key) }
  }
}
