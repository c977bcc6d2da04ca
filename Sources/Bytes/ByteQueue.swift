import CLinux
import Glibc

/// Bytes waiting in order: written at the back, taken from the front, in one contiguous block.
///
/// An empty queue owns no memory, so an idle connection costs only this struct. Every operation that
/// moves a pointer checks its range; the pointer itself never leaves a closure.
@safe
public struct ByteQueue: ~Copyable {
  @usableFromInline var storage: UnsafeMutablePointer<UInt8>?
  @usableFromInline var head: Int
  @usableFromInline var tail: Int
  @usableFromInline var capacity: Int

  @inlinable
  public init() {
    unsafe storage = nil
    head = 0
    tail = 0
    capacity = 0
  }

  deinit { release() }

  /// The smallest block: a burst of small frames fits, and growing is rare.
  static var blockBytesMin: Int { 4096 }
  /// From here on a block grows by little at a time.
  static var blockBytesLarge: Int { 64 << 10 }

  /// Bytes waiting.
  @inlinable
  public var count: Int { tail - head }

  @inlinable
  public var isEmpty: Bool { tail == head }

  /// Makes room for `extra` further bytes behind the last one.
  @inlinable
  public mutating func reserve(_ extra: Int) {
    precondition(extra >= 0)
    if capacity - tail < extra { grow(extra) }
  }

  @usableFromInline
  mutating func grow(_ extra: Int) {
    let waiting = count
    if head > 0, let block = unsafe storage {
      unsafe block.update(from: block + head, count: waiting)
      (head, tail) = (0, waiting)
      // More than half of the block was spent: it is large enough as it is.
      if waiting + extra <= capacity, waiting <= capacity / 2 { return }
    }
    let roomy = max(Self.blockBytesMin, waiting + extra, Self.larger(capacity))
    // The kernel moves the pages of a large block instead of copying them (mremap(2)).
    guard let block = unsafe realloc(storage, roomy) else { preconditionFailure("out of memory for a queue") }
    unsafe storage = block.assumingMemoryBound(to: UInt8.self)
    capacity = roomy
  }

  /// Doubling is for small blocks: a thousand slow readers of one lobby come to the end of theirs in the same moment.
  private static func larger(_ capacity: Int) -> Int {
    capacity < blockBytesLarge ? capacity * 2 : capacity + max(blockBytesLarge, capacity / 8)
  }

  /// Has large blocks of this process grow in place and go back to the system at once, each with pages of its own.
  /// Left to itself the C library takes blocks up to the size of the largest that was ever freed from one heap, where
  /// they are copied to grow. mallopt(3)
  public static func keepLargeBlocksApart() { mallopt(M_MMAP_THRESHOLD, Int32(blockBytesLarge)) }

  @usableFromInline
  func release() { unsafe free(storage) }

  /// Appends room for `count` bytes and lets `body` fill all of it.
  @inlinable
  public mutating func append<Failure: Error>(
    count: Int, _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    reserve(count)
    guard let block = unsafe storage else { return }
    try unsafe body(UnsafeMutableRawBufferPointer(start: block + tail, count: count))
    tail += count
  }

  /// Offers at least `minimum` bytes of room; `body` returns how many of them it filled.
  @inlinable
  public mutating func appendUpTo(
    minimum: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int
  ) -> Int {
    reserve(minimum)
    guard let block = unsafe storage else { return 0 }
    let filled = unsafe body(UnsafeMutableRawBufferPointer(start: block + tail, count: capacity - tail))
    precondition(filled >= 0 && filled <= capacity - tail)
    tail += filled
    return filled
  }

  @inlinable
  public mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard let source = bytes.baseAddress, bytes.count > 0 else { return }
    reserve(bytes.count)
    guard let block = unsafe storage else { return }
    unsafe UnsafeMutableRawPointer(block + tail).copyMemory(from: source, byteCount: bytes.count)
    tail += bytes.count
  }

  @inlinable
  public mutating func append(_ byte: UInt8) {
    reserve(1)
    guard let block = unsafe storage else { return }
    unsafe block[tail] = byte
    tail += 1
  }

  public mutating func append(_ bytes: [UInt8]) {
    unsafe bytes.withUnsafeBytes { unsafe append($0) }
  }

  public mutating func append(_ text: StaticString) {
    unsafe append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  public mutating func append(_ text: String) {
    var copy = text
    copy.withUTF8 { unsafe append(UnsafeRawBufferPointer($0)) }
  }

  /// Bytes of the block that is owned, 0 when there is none.
  @inlinable
  public var blockCount: Int { capacity }

  /// Bytes that can be appended without another block.
  @inlinable
  public var room: Int { capacity - tail }

  /// Takes `count` bytes off the front and keeps the block, also when nothing is left in it.
  @inlinable
  public mutating func removeFirstKeepingBlock(_ count: Int) {
    precondition(count >= 0 && count <= self.count)
    head += count
    if head == tail {
      head = 0
      tail = 0
    }
  }

  /// Takes `count` bytes off the front. The block goes back to the system when nothing is left.
  @inlinable
  public mutating func removeFirst(_ count: Int) {
    precondition(count >= 0 && count <= self.count)
    head += count
    if head == tail { removeAll() }
  }

  /// Takes back what was appended last, so that `count` bytes remain.
  @inlinable
  public mutating func truncate(to count: Int) {
    precondition(count >= 0 && count <= self.count)
    tail = head + count
    if head == tail { removeAll() }
  }

  @inlinable
  public mutating func removeAll() {
    release()
    unsafe storage = nil
    head = 0
    tail = 0
    capacity = 0
  }

  /// Drops what waits and keeps the block, unless it is larger than `blockBytesMax`.
  public mutating func empty(keepingBlockUpTo blockBytesMax: Int) {
    if capacity > blockBytesMax { removeAll() }
    (head, tail) = (0, 0)
  }

  /// The waiting bytes, valid inside `body` only. They may be changed in place (unmasking does).
  @inlinable
  public mutating func withBytes<Result, Failure: Error>(
    _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    guard let block = unsafe storage else {
      return try unsafe body(UnsafeMutableRawBufferPointer(start: nil, count: 0))
    }
    return try unsafe body(UnsafeMutableRawBufferPointer(start: block + head, count: count))
  }
}
