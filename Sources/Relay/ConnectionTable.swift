/// All connections, by slot. A slot is used again, its generation is not, so an event that was on its way
/// to the former inhabitant is recognised.
@safe
struct ConnectionTable: ~Copyable {
  /// Invariant: `capacity` places, of which those with a generation other than 0 are initialised.
  private var places: UnsafeMutablePointer<Connection>
  private var capacity = 64
  /// The generation of the inhabitant of each slot ever used; 0 where nobody lives.
  private var generations: [UInt32] = []
  private var free: [UInt32] = []
  private var nextGeneration: UInt32 = 1
  private(set) var count = 0

  init() { unsafe places = .allocate(capacity: 64) }

  deinit {
    for slot in generations.indices where generations[slot] != 0 {
      unsafe (places + slot).deinitialize(count: 1)
    }
    unsafe places.deallocate()
  }

  /// The slots that have ever been used.
  var slotCount: Int { generations.count }

  mutating func takeGeneration() -> UInt32 {
    defer { nextGeneration = nextGeneration == .max ? 1 : nextGeneration + 1 }
    return nextGeneration
  }

  mutating func insert(_ connection: consuming Connection) -> UInt32 {
    let slot: UInt32
    if let reused = free.popLast() {
      slot = reused
    } else {
      slot = UInt32(generations.count)
      generations.append(0)
      if generations.count > capacity { grow() }
    }
    generations[Int(slot)] = connection.generation
    unsafe (places + Int(slot)).initialize(to: connection)
    count += 1
    return slot
  }

  mutating func remove(_ slot: UInt32) {
    precondition(isLive(slot))
    unsafe (places + Int(slot)).deinitialize(count: 1)
    generations[Int(slot)] = 0
    free.append(slot)
    count -= 1
  }

  /// Whether the inhabitant that was meant still lives here.
  func isLive(_ slot: UInt32, _ generation: UInt32) -> Bool {
    slot < generations.count && generations[Int(slot)] == generation && generation != 0
  }

  func isLive(_ slot: UInt32) -> Bool { slot < generations.count && generations[Int(slot)] != 0 }

  /// The connection in a live slot.
  subscript(slot: UInt32) -> Connection {
    @inline(__always) _read {
      precondition(isLive(slot))
      yield unsafe places[Int(slot)]
    }
    @inline(__always) _modify {
      precondition(isLive(slot))
      yield unsafe &places[Int(slot)]
    }
  }

  private mutating func grow() {
    let larger = UnsafeMutablePointer<Connection>.allocate(capacity: capacity * 2)
    for slot in generations.indices where generations[slot] != 0 {
      unsafe (larger + slot).moveInitialize(from: places + slot, count: 1)
    }
    unsafe places.deallocate()
    unsafe places = larger
    capacity *= 2
  }
}
