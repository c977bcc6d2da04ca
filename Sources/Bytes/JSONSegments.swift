/// Bytes of a splice's result: a piece of the text, or of what was written for the plan.
struct JSONSegment {
  var start: Int32
  var count: Int32
  var isFromText: Bool
}

/// The pieces of a splice's result in order. There is room for an ordinary plan; only a text full of
/// duplicates needs more, which is given back afterwards.
@safe
struct JSONSegments: ~Copyable {
  /// Two for every edit, one for every nested object, and the rest of the text.
  static var ordinaryMax: Int { 3 * JSONSplice.editsMax + 2 }

  private var storage: UnsafeMutablePointer<JSONSegment>
  private var capacity: Int
  private(set) var count: Int

  init() {
    unsafe storage = .allocate(capacity: Self.ordinaryMax)
    capacity = Self.ordinaryMax
    count = 0
  }

  deinit { unsafe storage.deallocate() }

  subscript(position: Int) -> JSONSegment {
    precondition(position >= 0 && position < count)
    return unsafe storage[position]
  }

  mutating func append(_ segment: JSONSegment) {
    if count == capacity { move(to: capacity * 2) }
    unsafe (storage + count).initialize(to: segment)
    count += 1
  }

  mutating func removeAll() {
    count = 0
    if capacity > Self.ordinaryMax { move(to: Self.ordinaryMax) }
  }

  @inline(never)
  private mutating func move(to newCapacity: Int) {
    let larger = UnsafeMutablePointer<JSONSegment>.allocate(capacity: newCapacity)
    unsafe larger.moveInitialize(from: storage, count: count)
    unsafe storage.deallocate()
    unsafe storage = larger
    capacity = newCapacity
  }
}
