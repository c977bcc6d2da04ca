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

  deinit { unsafe storage?.deallocate() }

  /// The smallest block: a burst of small frames fits, and growing is rare.
  static var blockBytesMin: Int { 4096 }

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
    // More than half of the block is spent: moving to the front is cheaper than a larger block.
    if let block = unsafe storage, waiting + extra <= capacity, head >= capacity / 2 {
      unsafe block.update(from: block + head, count: waiting)
    } else {
      let roomy = max(Self.blockBytesMin, waiting + extra, min(capacity * 2, capacity + (1 << 20)))
      let block = UnsafeMutablePointer<UInt8>.allocate(capacity: roomy)
      if let old = unsafe storage {
        unsafe block.initialize(from: old + head, count: waiting)
        unsafe old.deallocate()
      }
      unsafe storage = block
      capacity = roomy
    }
    head = 0
    tail = waiting
  }

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
    unsafe storage?.deallocate()
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
