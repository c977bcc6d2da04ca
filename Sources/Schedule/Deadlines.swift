/// What is to happen when: a binary heap of deadlines in milliseconds, equal ones in order of insertion.
/// An entry that is no longer wanted stays until it is met; whoever owns the payload knows.
public struct Deadlines: Sendable {
  public struct Entry: Sendable {
    public let deadline: UInt64
    let sequence: UInt64
    public let payload: UInt64

    func comesBefore(_ other: Entry) -> Bool {
      deadline == other.deadline ? sequence < other.sequence : deadline < other.deadline
    }
  }

  private var heap: [Entry] = []
  private var nextSequence: UInt64 = 0

  public init() {}

  public var count: Int { heap.count }
  public var peek: Entry? { heap.first }

  public mutating func insert(deadline: UInt64, payload: UInt64) {
    heap.append(Entry(deadline: deadline, sequence: nextSequence, payload: payload))
    nextSequence += 1
    siftUp(heap.count - 1)
  }

  /// Removes the earliest entry if its deadline has come.
  public mutating func popDue(now: UInt64) -> UInt64? {
    guard let first = heap.first, first.deadline <= now else { return nil }
    let last = heap.removeLast()
    if !heap.isEmpty {
      heap[0] = last
      siftDown(0)
    }
    shrink()
    return first.payload
  }

  public mutating func removeAll(where isStale: (UInt64) -> Bool) {
    heap.removeAll { isStale($0.payload) }
    for index in stride(from: heap.count / 2 - 1, through: 0, by: -1) { siftDown(index) }
    shrink()
  }

  /// Gives memory back after a burst.
  private mutating func shrink() {
    guard heap.capacity > 1024, heap.count < heap.capacity / 8 else { return }
    var smaller: [Entry] = []
    smaller.reserveCapacity(heap.capacity / 4)
    smaller.append(contentsOf: heap)
    heap = smaller
  }

  private mutating func siftUp(_ start: Int) {
    let entry = heap[start]
    var index = start
    while index > 0 {
      let parent = (index - 1) / 2
      guard entry.comesBefore(heap[parent]) else { break }
      heap[index] = heap[parent]
      index = parent
    }
    heap[index] = entry
  }

  private mutating func siftDown(_ start: Int) {
    let entry = heap[start]
    var index = start
    while true {
      var child = 2 * index + 1
      guard child < heap.count else { break }
      if child + 1 < heap.count, heap[child + 1].comesBefore(heap[child]) { child += 1 }
      guard heap[child].comesBefore(entry) else { break }
      heap[index] = heap[child]
      index = child
    }
    heap[index] = entry
  }
}
