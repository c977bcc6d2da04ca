import Bytes
import WebSocket

/// What one connection still has to send, and what became of it.
public struct Outlet: ~Copyable {
  public enum State: UInt8, Sendable {
    /// Nobody uses this outlet.
    case vacant
    case open
    /// A close frame is the last thing in the queue; nothing more is accepted.
    case closing
  }

  public var queue = ByteQueue()
  public internal(set) var state = State.vacant
  /// Listed in `Outbox.touched`: there is something new to send.
  var isTouched = false
  /// Messages may go out compressed with this window (RFC 7692 §7.1.2.1): 9 to 15, or 0 for none.
  var windowBits: UInt8 = 0
  /// The transaction that wrote here last.
  var stamp: UInt32 = 0
}

/// The send queues of all connections, by connection slot, and those of peers without one, by numbers of their own.
/// Frames are written once, straight into the queue of whoever they are for; a hook that fails has its frames cut off
/// again.
@safe
public final class Outbox {
  /// Numbers from here on are no connection's.
  private static let detachedFrom: UInt32 = 1 << 31

  private var attached = OutletBlock()
  private var detached = OutletBlock()
  private var freeDetached: [UInt32] = []
  /// Outlets that have something new to send since the last `takeTouched`.
  private var touched: [UInt32] = []
  /// What the running transaction has written to, and how much waited there before.
  private var journal: [(outlet: UInt32, count: Int)] = []
  private var stamp: UInt32 = 1
  /// Empty queues that keep their blocks, so that a message costs no allocation.
  private let spares: UnsafeMutablePointer<ByteQueue>
  private var spareCount = 0
  private static let sparesMax = 64
  /// A larger block than this, which one slow reader may have needed, is not kept.
  private static let spareBytesMax = 256 << 10
  /// The memory of all buffers for what peers send and are sent: the queues' here, and what others have noted.
  public var buffers = BufferCount()
  private var deflation = SharedDeflation()
  /// Those who want to know what is sent.
  private var observers: [any OutboxObserver] = [] {
    didSet { isObserved = !observers.isEmpty }
  }
  private var isObserved = false

  public init() {
    unsafe spares = .allocate(capacity: Self.sparesMax)
    for position in 0..<Self.sparesMax { unsafe (spares + position).initialize(to: ByteQueue()) }
  }

  deinit {
    unsafe spares.deinitialize(count: Self.sparesMax)
    unsafe spares.deallocate()
  }

  /// Takes an outlet into use.
  public func open(_ outlet: UInt32) {
    attached.reach(Int(outlet))
    precondition(unsafe place(outlet).pointee.state == .vacant)
    unsafe place(outlet).pointee.state = .open
  }

  /// Takes an outlet into use that belongs to no connection.
  func openDetached() -> UInt32 {
    let outlet = freeDetached.popLast() ?? Self.detachedFrom + UInt32(detached.used)
    detached.reach(Int(outlet - Self.detachedFrom))
    unsafe place(outlet).pointee.state = .open
    return outlet
  }

  @inline(__always)
  func isDetached(_ outlet: UInt32) -> Bool { outlet >= Self.detachedFrom }

  /// Puts what waits in a detached outlet behind what waits in a connection's, and gives it back.
  func move(_ outlet: UInt32, to connection: UInt32) {
    let waiting = waiting(connection)
    unsafe place(outlet).pointee.queue.withBytes { bytes in
      change(connection) { unsafe $0.append(UnsafeRawBufferPointer(bytes)) }
    }
    tellObservers(connection, from: waiting)
    release(outlet)
    touch(connection)
  }

  /// Gives an outlet back; what still waits in it is dropped.
  public func release(_ outlet: UInt32) {
    guard unsafe place(outlet).pointee.state != .vacant else { return }
    change(outlet) { $0.removeAll() }
    unsafe place(outlet).pointee.state = .vacant
    unsafe place(outlet).pointee.windowBits = 0
    if outlet >= Self.detachedFrom { freeDetached.append(outlet) }
  }

  public func state(of outlet: UInt32) -> Outlet.State {
    if outlet >= Self.detachedFrom { return unsafe place(outlet).pointee.state }
    return unsafe Int(outlet) < attached.used ? place(outlet).pointee.state : .vacant
  }

  /// Bytes that wait to be sent.
  public func waiting(_ outlet: UInt32) -> Int { unsafe place(outlet).pointee.queue.count }

  /// Takes what was sent off the front of a queue. The block of an empty queue serves the next one that fills.
  public func sent(_ outlet: UInt32, count: Int) {
    let place = unsafe place(outlet)
    unsafe place.pointee.queue.removeFirstKeepingBlock(count)
    guard unsafe place.pointee.queue.isEmpty else { return }
    // A spare is nobody's: it does not count.
    unsafe buffers.bytes -= place.pointee.queue.blockCount
    if unsafe spareCount < Self.sparesMax && place.pointee.queue.blockCount <= Self.spareBytesMax {
      unsafe swap(&place.pointee.queue, &spares[spareCount])
      spareCount += 1
    } else {
      unsafe place.pointee.queue.removeAll()
    }
  }

  /// Lets messages go out compressed, with a window of 9 to 15 bits: the client has agreed to that.
  public func deflate(_ outlet: UInt32, windowBits: UInt8) {
    precondition((9...15).contains(windowBits))
    unsafe place(outlet).pointee.windowBits = windowBits
  }

  @inline(__always)
  func deflates(_ outlet: UInt32) -> Bool { unsafe place(outlet).pointee.windowBits != 0 }

  /// Access to one queue, for sending from its front and for the wire's own frames.
  public func withQueue<Result, Failure: Error>(
    _ outlet: UInt32, _ body: (inout ByteQueue) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try change(outlet, body)
  }

  /// Changes a queue, and notes what it owns by that.
  @inline(__always)
  private func change<Result, Failure: Error>(
    _ outlet: UInt32, _ body: (inout ByteQueue) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let place = unsafe place(outlet)
    let before = unsafe place.pointee.queue.blockCount
    defer { unsafe buffers.bytes += place.pointee.queue.blockCount - before }
    return try unsafe body(&place.pointee.queue)
  }

  /// Lists an outlet for the next flush.
  public func touch(_ outlet: UInt32) {
    guard unsafe !place(outlet).pointee.isTouched else { return }
    unsafe place(outlet).pointee.isTouched = true
    touched.append(outlet)
  }

  /// Outlets that have something to send since the last flush.
  public var touchedCount: Int { touched.count }

  /// One outlet with something to send, each once a turn; nil when there is none left.
  public func takeTouched() -> UInt32? {
    guard let outlet = touched.popLast() else { return nil }
    unsafe place(outlet).pointee.isTouched = false
    return outlet
  }

  enum AppendAnswer {
    case done
    /// More bytes would wait than may; nothing was appended.
    case queueFull
    /// There is no memory for a larger queue; nothing was appended.
    case outOfBuffers
  }

  /// Appends a frame of `count` bytes, which `fill` writes in place, as part of the running transaction, unless more than
  /// `limit` bytes would wait then (0 = no limit).
  @inline(__always)
  func appendFrame(
    to outlet: UInt32, _ opcode: Opcode, count: Int, isCompressed: Bool = false, limit: Int,
    fill: (UnsafeMutableRawBufferPointer) -> Void
  ) -> AppendAnswer {
    let place = unsafe place(outlet)
    let waiting = unsafe place.pointee.queue.count
    if limit > 0, waiting + count > limit { return .queueFull }
    if unsafe place.pointee.stamp != stamp {
      unsafe place.pointee.stamp = stamp
      journal.append((outlet, waiting))
      if unsafe spareCount > 0 && place.pointee.queue.blockCount == 0 {
        spareCount -= 1
        unsafe swap(&place.pointee.queue, &spares[spareCount])
        unsafe buffers.bytes += place.pointee.queue.blockCount
      }
    }
    let block = unsafe place.pointee.queue.blockCount
    if unsafe place.pointee.queue.room < count + FrameHeader.bytesMax, !buffers.mayGrow(from: block, by: count) {
      return .outOfBuffers
    }
    unsafe place.pointee.queue.appendFrame(opcode, count: count, isCompressed: isCompressed, fill: fill)
    unsafe buffers.bytes += place.pointee.queue.blockCount - block
    return .done
  }

  /// The same, compressed if that makes it smaller, for an outlet that `deflates`.
  @inline(never)
  func appendDeflated(
    to outlet: UInt32, _ opcode: Opcode, count: Int, limit: Int, fill: (UnsafeMutableRawBufferPointer) -> Void
  ) -> AppendAnswer {
    // Whoever has no room for anything is not compressed for.
    if limit > 0, waiting(outlet) >= limit { return .queueFull }
    let windowBits = unsafe place(outlet).pointee.windowBits
    guard let deflated = unsafe deflation.deflated(count: count, windowBits: windowBits, fill: fill) else {
      return unsafe appendFrame(to: outlet, opcode, count: count, limit: limit, fill: fill)
    }
    return unsafe appendFrame(to: outlet, opcode, count: deflated.count, isCompressed: true, limit: limit) {
      unsafe $0.copyMemory(from: deflated)
    }
  }

  /// Ends an outlet with a close frame (RFC 6455 §5.5.1). Outside any transaction.
  public func appendClose(to outlet: UInt32, code: UInt16?, reason: UnsafeRawBufferPointer) {
    guard unsafe place(outlet).pointee.state == .open else { return }
    let waiting = waiting(outlet)
    change(outlet) { unsafe $0.appendClose(code: code, reason: reason) }
    unsafe place(outlet).pointee.state = .closing
    tellObservers(outlet, from: waiting)
    touch(outlet)
  }

  public func appendClose(to outlet: UInt32, code: UInt16?, reason: String = "") {
    var text = reason
    text.withUTF8 { unsafe appendClose(to: outlet, code: code, reason: UnsafeRawBufferPointer($0)) }
  }

  /// Appends a control frame of the wire's own (RFC 6455 §5.5.2-3), unless the close frame is out.
  public func appendControl(to outlet: UInt32, _ opcode: Opcode, _ payload: UnsafeRawBufferPointer) {
    guard unsafe place(outlet).pointee.state == .open else { return }
    change(outlet) { unsafe $0.appendFrame(opcode, payload) }
    touch(outlet)
  }

  func commit() {
    guard !journal.isEmpty else { return }
    for entry in journal { touch(entry.outlet) }
    if isObserved {
      for entry in journal { tellObservers(entry.outlet, from: entry.count) }
    }
    endTransaction()
  }

  func rollback() {
    for entry in journal { change(entry.outlet) { $0.truncate(to: entry.count) } }
    endTransaction()
  }

  private func endTransaction() {
    journal.removeAll(keepingCapacity: true)
    stamp &+= 1
  }

  /// Tells `newcomer` as well from now on.
  public func addObserver(_ newcomer: any OutboxObserver) { observers.append(newcomer) }

  public func removeObserver(_ leaver: any OutboxObserver) { observers.removeAll { $0 === leaver } }

  /// Shows the observers what waits in an outlet behind the first `count` bytes.
  private func tellObservers(_ outlet: UInt32, from count: Int) {
    guard isObserved, !isDetached(outlet) else { return }
    unsafe place(outlet).pointee.queue.withBytes { bytes in
      let frames = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[count...])
      for observer in observers { unsafe observer.sends(frames, to: outlet) }
    }
  }

  /// The outlet of a number that `open` or `openDetached` has been called with.
  @inline(__always)
  private func place(_ outlet: UInt32) -> UnsafeMutablePointer<Outlet> {
    unsafe outlet < Self.detachedFrom
      ? attached.outlets + Int(outlet) : detached.outlets + Int(outlet - Self.detachedFrom)
  }
}
