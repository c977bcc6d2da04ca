extension Relay {
  /// Goes by these limits from now on. Those of mounts stay; `messageBytes`, `fragmentsPerMessage` and
  /// `handshakeMilliseconds` are for connections made from now on.
  func adopt(_ wanted: RelayLimits, _ wantedProxies: TrustedProxies) {
    let (former, formerProxies) = (limits, proxies)
    limits = wanted
    proxies = wantedProxies
    log.limit(linesPerSecond: limits.logLinesPerSecond, bytesPerMinute: limits.logBytesPerMinute)
    if limits.connectionsPerAddress != former.connectionsPerAddress || proxies != formerProxies { countAddresses() }
    if limits.connectsPerMinute != former.connectsPerMinute {
      connectRates = AddressRates(most: limits.connectsPerMinute)
    }
    if limits.handshakesPerMinute != former.handshakesPerMinute {
      handshakeRates = AddressRates(most: limits.handshakesPerMinute)
    }
    outbox.buffers.most = limits.bufferBytes
    for place in listeners.places { listeners[place]?.listener.limitSendBuffers(bytes: limits.socketBytes) }
    if limits.pingMilliseconds != former.pingMilliseconds, limits.pingMilliseconds > 0 { spreadPings() }
  }

  private func countAddresses() {
    perAddress = AddressCounts(most: limits.connectionsPerAddress)
    for slot in 0..<UInt32(connections.slotCount) where connections.isLive(slot) {
      guard connections[slot].purpose != .operator, isCounted(connections[slot].host) else { continue }
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
