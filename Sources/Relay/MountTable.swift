import Policy

/// All mounts of a relay. A connection belongs to one of them, from its handshake on.
struct MountTable {
  let mounts: [RoutedMount]

  subscript(index: Int) -> Mount { mounts[index].mount }

  /// The mount for a request that came over a listener of all mounts: of those whose host and path fit, the one that
  /// names the host, then the one with the longest path, then the first.
  func find(host: String?, path: String) -> Int? {
    var best: (index: Int, namesHost: Bool, fit: Int)?
    for (index, entry) in mounts.enumerated() {
      guard entry.route.host == nil || entry.route.host == host, let fit = entry.route.fit(path) else { continue }
      let namesHost = entry.route.host != nil
      if let best, (best.namesHost ? 1 : 0, best.fit) >= (namesHost ? 1 : 0, fit) { continue }
      best = (index, namesHost, fit)
    }
    return best?.index
  }

  func setTime(milliseconds: UInt64, wallSeconds: Double) {
    for entry in mounts { entry.mount.setTime(milliseconds: milliseconds, wallSeconds: wallSeconds) }
  }

  /// When the next timer of any is due, in monotonic milliseconds.
  func nextDeadline() -> UInt64? { mounts.compactMap { $0.mount.nextDeadline() }.min() }

  /// Runs one timer that is due; false when there is none.
  func fireTimer() -> Bool {
    for entry in mounts where entry.mount.fireTimer() { return true }
    return false
  }

  /// Whether a hook of any has lasted some milliseconds since this was last asked.
  func takeHookLasted() -> Bool {
    var hasLasted = false
    for entry in mounts where entry.mount.takeHookLasted() { hasLasted = true }
    return hasLasted
  }

  var hasDepartures: Bool { mounts.contains { $0.mount.hasDepartures } }

  /// Runs on_disconnect for peers of the first mount that has some to run it for.
  func continueDepartures() { mounts.first { $0.mount.hasDepartures }?.mount.continueDepartures() }
}
