import Bytes
import CZlib

/// Undoes the compression of one message after the other, each for itself (RFC 7692 §7.2.2).
///
/// It costs some 40 KB, besides room for a message, and is meant to be shared by all who receive.
@safe
public struct Inflater: ~Copyable {
  @unsafe
  public enum Answer {
    /// Valid until the next call.
    case message(UnsafeMutableRawBufferPointer)
    /// It is longer than allowed; how much longer was not looked at.
    case tooBig
    /// It is not what a compressor makes.
    case corrupt
  }

  /// Invariant: initialised, at this address until deinit, as zlib requires.
  private let stream: UnsafeMutablePointer<z_stream>
  private var output = ByteQueue()
  /// A message's first piece of room, and the largest that is taken at once.
  private static let pieceBytes = 16 << 10
  /// A block larger than this, which one long message has needed, is not kept for the next.
  private static let keptBytes = 256 << 10

  public init() {
    unsafe stream = .allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    // A negative window is a stream without zlib's header; 15 is good for all that clients may use.
    let status = unsafe inflateInit2_(stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    precondition(status == Z_OK, "zlib refuses to inflate")
  }

  deinit {
    unsafe inflateEnd(stream)
    unsafe stream.deinitialize(count: 1)
    unsafe stream.deallocate()
  }

  /// - Parameter bytesMax: the longest message in bytes; 0 = any. One byte more is made at the most: a message of a
  ///   kilobyte can be told to become a megabyte.
  public mutating func inflate(_ payload: UnsafeRawBufferPointer, bytesMax: Int) -> Answer {
    guard payload.count <= Int(Int32.max) else { return unsafe .tooBig }
    output.empty(keepingBlockUpTo: Self.keptBytes)
    unsafe inflateReset(stream)
    let bytesMax = bytesMax == 0 ? Int.max - 1 : bytesMax
    var end = unsafe take(payload, bytesMax: bytesMax)
    if end == .open {
      // The end of every message, which is not sent (RFC 7692 §7.2.2).
      let tail: [UInt8] = [0x00, 0x00, 0xFF, 0xFF]
      end = unsafe tail.withUnsafeBytes { unsafe take($0, bytesMax: bytesMax) }
      // Or the tail became part of a block that was cut off.
      if end == .open, unsafe stream.pointee.data_type & 128 == 0 { end = .corrupt }
    }
    switch end {
    // The block stays where it is until the next call, even if this struct moves.
    case .open, .ended: return unsafe .message(output.withBytes { unsafe $0 })
    case .tooBig: return unsafe .tooBig
    case .corrupt: return unsafe .corrupt
    }
  }

  private enum End {
    /// More may follow.
    case open
    /// The last block was said to be the last.
    case ended
    case tooBig
    case corrupt
  }

  private mutating func take(_ piece: UnsafeRawBufferPointer, bytesMax: Int) -> End {
    // zlib does not write through `next_in`.
    unsafe stream.pointee.next_in = UnsafeMutablePointer(
      mutating: piece.baseAddress?.assumingMemoryBound(to: UInt8.self))
    unsafe stream.pointee.avail_in = UInt32(piece.count)
    while true {
      let status = step(bytesMax: bytesMax)
      guard output.count <= bytesMax else { return .tooBig }
      let isUsedUp = unsafe stream.pointee.avail_in == 0
      switch status {
      case Z_STREAM_END:
        if isUsedUp { return .ended }
        // Blocks may follow the last one, and refer to what was before (RFC 7692 §7.2.3.4).
        unsafe inflateResetKeep(stream)
      case Z_OK:
        if isUsedUp, unsafe stream.pointee.avail_out > 0 { return .open }
      // Nothing was left to be done.
      case Z_BUF_ERROR: return isUsedUp ? .open : .corrupt
      default: return .corrupt
      }
    }
  }

  /// Fills one more piece of room.
  private mutating func step(bytesMax: Int) -> Int32 {
    let most = bytesMax - output.count + 1
    var status = Z_OK
    _ = unsafe output.appendUpTo(minimum: min(most, Self.pieceBytes)) { room in
      let count = min(room.count, most, Int(Int32.max))
      unsafe stream.pointee.next_out = room.baseAddress?.assumingMemoryBound(to: UInt8.self)
      unsafe stream.pointee.avail_out = UInt32(count)
      status = unsafe CZlib.inflate(stream, Z_SYNC_FLUSH)
      return unsafe count - Int(stream.pointee.avail_out)
    }
    return status
  }
}
