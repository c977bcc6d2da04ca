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
  /// The transaction that wrote here last.
  var stamp: UInt32 = 0
}

/// The send queues of all connections, by connection slot. Frames are written once, straight into the
/// queue of whoever they are for; a hook that fails has its frames cut off again.
@safe
public final class Outbox {
  /// Invariant: `capacity` initialised outlets.
  private var outlets: UnsafeMutablePointer<Outlet>
  private var capacity: Int
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

  public init() {
    unsafe spares = .allocate(capacity: Self.sparesMax)
    for position in 0..<Self.sparesMax { unsafe (spares + position).initialize(to: ByteQueue()) }
    capacity = 64
    unsafe outlets = UnsafeMutablePointer<Outlet>.allocate(capacity: 64)
    for slot in 0..<64 { unsafe (outlets + slot).initialize(to: Outlet()) }
  }

  deinit {
    unsafe spares.deinitialize(count: Self.sparesMax)
    unsafe spares.deallocate()
    unsafe outlets.deinitialize(count: capacity)
    unsafe outlets.deallocate()
  }

  /// Takes an outlet into use.
  public func open(_ outlet: UInt32) {
    if Int(outlet) >= capacity { grow(to: Int(outlet) + 1) }
    precondition(unsafe outlets[Int(outlet)].state == .vacant)
    unsafe outlets[Int(outlet)].state = .open
  }

  /// Gives an outlet back; what still waits in it is dropped.
  public func release(_ outlet: UInt32) {
    guard unsafe outlets[Int(outlet)].state != .vacant else { return }
    unsafe outlets[Int(outlet)].queue.removeAll()
    unsafe outlets[Int(outlet)].state = .vacant
  }

  public func state(of outlet: UInt32) -> Outlet.State {
    unsafe Int(outlet) < capacity ? outlets[Int(outlet)].state : .vacant
  }

  /// Bytes that wait to be sent.
  public func waiting(_ outlet: UInt32) -> Int { unsafe outlets[Int(outlet)].queue.count }

  /// Takes what was sent off the front of a queue. The block of an empty queue serves the next one that fills.
  public func sent(_ outlet: UInt32, count: Int) {
    let slot = Int(outlet)
    unsafe outlets[slot].queue.removeFirstKeepingBlock(count)
    guard unsafe outlets[slot].queue.isEmpty else { return }
    if unsafe spareCount < Self.sparesMax && outlets[slot].queue.blockCount <= Self.spareBytesMax {
      unsafe swap(&outlets[slot].queue, &spares[spareCount])
      spareCount += 1
    } else {
      unsafe outlets[slot].queue.removeAll()
    }
  }

  /// Access to one queue, for sending from its front and for the wire's own frames.
  public func withQueue<Result, Failure: Error>(
    _ outlet: UInt32, _ body: (inout ByteQueue) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try unsafe body(&outlets[Int(outlet)].queue)
  }

  /// Lists an outlet for the next flush.
  public func touch(_ outlet: UInt32) {
    guard unsafe !outlets[Int(outlet)].isTouched else { return }
    unsafe outlets[Int(outlet)].isTouched = true
    touched.append(outlet)
  }

  /// One outlet with something to send, each once a turn; nil when there is none left.
  public func takeTouched() -> UInt32? {
    guard let outlet = touched.popLast() else { return nil }
    unsafe outlets[Int(outlet)].isTouched = false
    return outlet
  }

  /// Appends a frame of `count` bytes, which `fill` writes in place, as part of the running transaction.
  /// False, with nothing appended, when more than `limit` bytes would wait then (0 = no limit).
  @inline(__always)
  func appendFrame(
    to outlet: UInt32, _ opcode: Opcode, count: Int, limit: Int, fill: (UnsafeMutableRawBufferPointer) -> Void
  ) -> Bool {
    let slot = Int(outlet)
    let waiting = unsafe outlets[slot].queue.count
    if limit > 0, waiting + count > limit { return false }
    if unsafe outlets[slot].stamp != stamp {
      unsafe outlets[slot].stamp = stamp
      journal.append((outlet, waiting))
      if unsafe spareCount > 0 && outlets[slot].queue.blockCount == 0 {
        spareCount -= 1
        unsafe swap(&outlets[slot].queue, &spares[spareCount])
      }
    }
    unsafe outlets[slot].queue.appendFrame(opcode, count: count, fill: fill)
    return true
  }

  /// Ends an outlet with a close frame (RFC 6455 §5.5.1). Outside any transaction.
  public func appendClose(to outlet: UInt32, code: UInt16?, reason: UnsafeRawBufferPointer) {
    guard unsafe outlets[Int(outlet)].state == .open else { return }
    unsafe outlets[Int(outlet)].queue.appendClose(code: code, reason: reason)
    unsafe outlets[Int(outlet)].state = .closing
    touch(outlet)
  }

  public func appendClose(to outlet: UInt32, code: UInt16?, reason: String = "") {
    var text = reason
    text.withUTF8 { unsafe appendClose(to: outlet, code: code, reason: UnsafeRawBufferPointer($0)) }
  }

  /// Appends a control frame of the wire's own (RFC 6455 §5.5.2-3), unless the close frame is out.
  public func appendControl(to outlet: UInt32, _ opcode: Opcode, _ payload: UnsafeRawBufferPointer) {
    guard unsafe outlets[Int(outlet)].state == .open else { return }
    unsafe outlets[Int(outlet)].queue.appendFrame(opcode, payload)
    touch(outlet)
  }

  func commit() {
    guard !journal.isEmpty else { return }
    for entry in journal { touch(entry.outlet) }
    endTransaction()
  }

  func rollback() {
    for entry in journal { unsafe outlets[Int(entry.outlet)].queue.truncate(to: entry.count) }
    endTransaction()
  }

  private func endTransaction() {
    journal.removeAll(keepingCapacity: true)
    stamp &+= 1
  }

  private func grow(to wanted: Int) {
    let roomy = max(wanted, capacity * 2)
    let larger = UnsafeMutablePointer<Outlet>.allocate(capacity: roomy)
    unsafe larger.moveInitialize(from: outlets, count: capacity)
    for slot in capacity..<roomy { unsafe (larger + slot).initialize(to: Outlet()) }
    unsafe outlets.deallocate()
    unsafe outlets = larger
    capacity = roomy
  }
}
