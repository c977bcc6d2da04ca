import CZlib

/// Compresses one message after the other, each for itself (RFC 7692 §7.2.1).
///
/// It costs some 260 KB and is meant to be shared by all whose messages are compressed with the same window.
@safe
public struct Deflater: ~Copyable {
  /// Level 6 would make a session description 2 % smaller and take a fifth longer, and long messages twice as long.
  private static let level: Int32 = 3
  /// zlib's own default.
  private static let memoryLevel: Int32 = 8
  /// The empty block that ends what zlib has flushed and that is not sent (RFC 7692 §7.2.1).
  static let tailBytes = 4

  /// Invariant: initialised, at this address until deinit, as zlib requires.
  private let stream: UnsafeMutablePointer<z_stream>

  /// - Parameter windowBits: 9 to 15.
  public init(windowBits: UInt8) {
    precondition((9...15).contains(windowBits))
    unsafe stream = .allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    // A negative window is a stream without zlib's header.
    let status = unsafe deflateInit2_(
      stream, Self.level, Z_DEFLATED, -Int32(windowBits), Self.memoryLevel, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size))
    precondition(status == Z_OK, "zlib refuses to compress")
  }

  deinit {
    unsafe deflateEnd(stream)
    unsafe stream.deinitialize(count: 1)
    unsafe stream.deallocate()
  }

  /// The room that `compress` needs for whatever is smaller than `count` bytes when it is compressed.
  public static func room(for count: Int) -> Int { count + tailBytes }

  /// Compresses a message into `room` and answers its size there; nil when it does not become smaller than it is, or
  /// than the room less the tail.
  public mutating func compress(_ payload: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer) -> Int? {
    precondition(payload.count <= Int(Int32.max) && room.count <= Int(Int32.max))
    unsafe deflateReset(stream)
    // zlib does not write through `next_in`.
    unsafe stream.pointee.next_in = UnsafeMutablePointer(
      mutating: payload.baseAddress?.assumingMemoryBound(to: UInt8.self))
    unsafe stream.pointee.avail_in = UInt32(payload.count)
    unsafe stream.pointee.next_out = room.baseAddress?.assumingMemoryBound(to: UInt8.self)
    unsafe stream.pointee.avail_out = UInt32(room.count)
    guard unsafe deflate(stream, Z_SYNC_FLUSH) == Z_OK, unsafe stream.pointee.avail_out > 0 else { return nil }
    let count = unsafe room.count - Int(stream.pointee.avail_out) - Self.tailBytes
    return count < payload.count ? count : nil
  }
}
