extension Relay {
  /// Goes by these limits from now on. Those of mounts stay; `messageBytes` and `handshakeMilliseconds` are for
  /// connections made from now on.
  func adopt(_ wanted: RelayLimits) {
    let former = limits
    limits = wanted
    log.limit(linesPerSecond: limits.logLinesPerSecond, bytesPerMinute: limits.logBytesPerMinute)
    if limits.connectionsPerAddress != former.connectionsPerAddress { countAddresses() }
    if limits.pingMilliseconds != former.pingMilliseconds, limits.pingMilliseconds > 0 { spreadPings() }
  }

  private func countAddresses() {
    perAddress = AddressCounts(most: limits.connectionsPerAddress)
    for slot in 0..<UInt32(connections.slotCount) where connections.isLive(slot) {
      perAddress.enter(connections[slot].host)
    }
  }

  /// Has everybody pinged within one interval, evenly, and nobody given up for a ping of before.
  private func spreadPings() {
    let slots = (0..<UInt32(connections.slotCount)).filter { connections.isLive($0) && connections[$0].phase == .open }
    for (position, slot) in slots.enumerated() {
      connections[slot].wasHeard = true
      setDeadline(slot, in: 1 + limits.pingMilliseconds * position / slots.count)
    }
  }
}
