import Policy

/// All mounts of a relay. A connection belongs to one of them, from its handshake on, and knows it by its index, which
/// is another mount's only when no connection belongs to the former any longer.
struct MountTable {
  private struct Place {
    /// Nil in a place that is free.
    var mount: Mount?
    var route = Route()
    /// Connections that belong to it.
    var connections = 0
  }

  private var places: [Place] = []
  /// The indices of those that newcomers find, in the order in which they are tried.
  private var serving: [Int] = []
  /// The indices of those that no newcomer finds and some peers have still to leave.
  private var ending: [Int] = []
  /// The mounts of both.
  private var live: [Mount] = []

  init(mounts: [RoutedMount]) { arrange(mounts) }

  /// Those that newcomers find.
  var mounts: [RoutedMount] { serving.map { RoutedMount(self[$0], at: places[$0].route) } }

  var endingCount: Int { ending.count }

  /// Those that newcomers find, and those that they find no longer.
  var all: [Mount] { live }

  subscript(index: Int) -> Mount {
    guard let mount = places[index].mount else { preconditionFailure("no connection belongs to a free place") }
    return mount
  }

  /// Where a mount answers, or has until it ended.
  func route(of index: Int) -> Route { places[index].route }

  // MARK: Coming and going

  /// From now on newcomers find these and no others. Answers the indices of those that end by that.
  @discardableResult
  mutating func arrange(_ mounts: [RoutedMount]) -> [Int] {
    let before = serving
    serving = mounts.map { entry in
      let index = before.first { places[$0].mount === entry.mount } ?? takePlace()
      places[index].mount = entry.mount
      places[index].route = entry.route
      return index
    }
    let gone = before.filter { !serving.contains($0) }
    ending += gone
    list()
    return gone
  }

  private mutating func takePlace() -> Int {
    if let free = places.firstIndex(where: { $0.mount == nil }) { return free }
    places.append(Place())
    return places.count - 1
  }

  private mutating func list() { live = (serving + ending).map { self[$0] } }

  /// The index of a mount that newcomers find.
  func index(of mount: Mount) -> Int? { serving.first { places[$0].mount === mount } }

  func isServing(_ index: Int) -> Bool { serving.contains(index) }

  /// A connection belongs to this mount from now on.
  mutating func enter(_ index: Int) { places[index].connections += 1 }

  /// A connection that belonged to it is gone.
  mutating func leave(_ index: Int) { places[index].connections -= 1 }

  /// Frees the places of those that have ended: nobody is connected to them, and every peer has left, also one that a
  /// plugin has kept.
  mutating func freeEnded() {
    let ended = ending.filter { index in
      places[index].connections == 0 && !self[index].hasDepartures && self[index].peerCount == 0
    }
    if ended.isEmpty { return }
    ending.removeAll { ended.contains($0) }
    for index in ended { places[index] = Place() }
    list()
  }

  // MARK: Newcomers

  /// The mount for a request that came over a listener of all mounts: of those whose host and path fit, the one that
  /// names the host, then the one with the longest path, then the first.
  func find(host: String?, path: String) -> Int? {
    var best: (index: Int, namesHost: Bool, fit: Int)?
    for index in serving {
      let named = places[index].route.host
      guard named == nil || named == host, let fit = places[index].route.fit(path) else { continue }
      let namesHost = named != nil
      if let best, (best.namesHost ? 1 : 0, best.fit) >= (namesHost ? 1 : 0, fit) { continue }
      best = (index, namesHost, fit)
    }
    return best?.index
  }

  // MARK: Time

  func setTime(milliseconds: UInt64, wallSeconds: Double) {
    for mount in live { mount.setTime(milliseconds: milliseconds, wallSeconds: wallSeconds) }
  }

  /// When the next timer of any is due, in monotonic milliseconds.
  func nextDeadline() -> UInt64? { live.compactMap { $0.nextDeadline() }.min() }

  /// Runs one timer that is due, the one that has been for longest; false when there is none.
  func fireTimer() -> Bool {
    live.min { ($0.nextDeadline() ?? .max) < ($1.nextDeadline() ?? .max) }?.fireTimer() ?? false
  }

  /// Whether a hook of any has lasted some milliseconds since this was last asked.
  func takeHookLasted() -> Bool {
    var hasLasted = false
    for mount in live where mount.takeHookLasted() { hasLasted = true }
    return hasLasted
  }

  var hasDepartures: Bool { live.contains { $0.hasDepartures } }

  /// Runs on_disconnect for some peers of each mount that has some to run it for.
  func continueDepartures() { for mount in live where mount.hasDepartures { mount.continueDepartures() } }
}
