/// Outlets one behind the other, as many as were ever needed at a time.
@safe
struct OutletBlock: ~Copyable {
  /// Invariant: `capacity` initialised outlets.
  private(set) var outlets: UnsafeMutablePointer<Outlet>
  private var capacity = 64
  /// One more than the highest position ever reached.
  private(set) var used = 0

  init() {
    unsafe outlets = UnsafeMutablePointer<Outlet>.allocate(capacity: 64)
    for position in 0..<64 { unsafe (outlets + position).initialize(to: Outlet()) }
  }

  deinit {
    unsafe outlets.deinitialize(count: capacity)
    unsafe outlets.deallocate()
  }

  /// Makes sure that there is an outlet at a position.
  mutating func reach(_ position: Int) {
    used = max(used, position + 1)
    if used > capacity { grow(to: used) }
  }

  private mutating func grow(to wanted: Int) {
    let roomy = max(wanted, capacity * 2)
    let larger = UnsafeMutablePointer<Outlet>.allocate(capacity: roomy)
    unsafe larger.moveInitialize(from: outlets, count: capacity)
    for position in capacity..<roomy { unsafe (larger + position).initialize(to: Outlet()) }
    unsafe outlets.deallocate()
    unsafe outlets = larger
    capacity = roomy
  }
}
