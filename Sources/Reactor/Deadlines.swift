/// Moments to come, earliest first; equal ones in the order in which they were inserted.
///
/// Nothing is ever taken out early: the owner keeps what the payload stands for, and ignores a payload that no longer
/// stands for anything. A binary heap whose memory shrinks again after a burst.
public struct Deadlines: Sendable {
  /// 24 bytes.
  private struct Entry {
    let deadline: UInt64
    let sequence: UInt64
    let payload: UInt64

    /// Without a branch on the first comparison, which is as unpredictable as the deadlines.
    static func precedes(_ left: Entry, _ right: Entry) -> Bool {
      let (_, borrow) = left.sequence.subtractingReportingOverflow(right.sequence)
      let (difference, less) = left.deadline.subtractingReportingOverflow(right.deadline)
      return less || (difference == 0 && borrow)
    }
  }

  /// Below this many entries memory is kept.
  private static var shrinkAbove: Int { 1024 }

  private var entries: [Entry] = []
  private var nextSequence: UInt64 = 0

  public init() {}

  public var count: Int { entries.count }

  /// Entries that fit into the memory held.
  public var capacity: Int { entries.capacity }

  /// The earliest deadline, for ``Reactor/wait(until:)``.
  public var next: UInt64? { entries.first?.deadline }

  /// Adds `payload` at `deadline`, in milliseconds of whatever clock the owner uses.
  public mutating func insert(_ payload: UInt64, at deadline: UInt64) {
    let entry = Entry(deadline: deadline, sequence: nextSequence, payload: payload)
    nextSequence += 1
    entries.append(entry)
    rise(entry, from: entries.count - 1)
  }

  /// Takes the earliest entry whose deadline is `now` or before; nil when none is due.
  public mutating func popDue(now: UInt64) -> UInt64? {
    guard let first = entries.first, first.deadline <= now else { return nil }
    let last = entries.removeLast()
    if !entries.isEmpty { rise(last, from: sinkHole()) }
    shrinkIfRoomy()
    return first.payload
  }

  /// Moves the hole at the top down to a leaf, the earlier child filling it each time, and answers where it ended.
  /// The last entry nearly always belongs that far down, so comparing it on the way would be wasted.
  private mutating func sinkHole() -> Int {
    var hole = 0
    let count = entries.count
    while true {
      var child = 2 * hole + 1
      guard child < count else { return hole }
      if child + 1 < count { child += Entry.precedes(entries[child + 1], entries[child]) ? 1 : 0 }
      entries[hole] = entries[child]
      hole = child
    }
  }

  /// Puts `entry` into the hole at `start`, or above it, where its parent does not come later.
  private mutating func rise(_ entry: Entry, from start: Int) {
    var hole = start
    while hole > 0 {
      let parent = (hole - 1) / 2
      guard Entry.precedes(entry, entries[parent]) else { break }
      entries[hole] = entries[parent]
      hole = parent
    }
    entries[hole] = entry
  }

  /// Halves the memory when three quarters of it lie idle: far enough from full that it does not grow back at once.
  private mutating func shrinkIfRoomy() {
    guard entries.capacity > Self.shrinkAbove, entries.count < entries.capacity / 4 else { return }
    var smaller: [Entry] = []
    smaller.reserveCapacity(entries.capacity / 2)
    smaller.append(contentsOf: entries)
    entries = smaller
  }
}
