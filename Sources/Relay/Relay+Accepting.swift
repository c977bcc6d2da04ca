import Reactor

extension Relay {
  /// Newcomers that are welcomed in one turn; the others wait in the kernel's queue for the next.
  private static let newcomersPerTurn = 256

  func acceptNewcomers(at index: Int) {
    guard index < listeners.count else { return }
    let box = listeners[index]
    for _ in 0..<Self.newcomersPerTurn {
      switch box.listener.accept() {
      case .newcomer(let stream, let address): welcome(stream, address.host)
      case .nobody: return
      case .exhausted:
        counters.outOfDescriptors += 1
        log.warning("out of file descriptors: a connection was turned away (raise 'ulimit -n')")
      case .failed(let error):
        log.error("accepting failed: \(error)")
        return
      }
    }
  }

  private func welcome(_ stream: consuming Stream, _ host: HostAddress) {
    guard limits.connections == 0 || connections.count < limits.connections else {
      return turnAway("limit connections (\(limits.connections)) reached")
    }
    if limits.connectionsPerAddress > 0 {
      guard perAddress[host, default: 0] < limits.connectionsPerAddress else {
        return turnAway("limit connections_per_address (\(limits.connectionsPerAddress)) reached by \(host)")
      }
      perAddress[host, default: 0] += 1
    }
    counters.accepted += 1
    let generation = connections.takeGeneration()
    let connection = Connection(
      stream: stream, host: host, generation: generation, messageBytesMax: limits.messageBytes,
      deadline: now + UInt64(limits.handshakeMilliseconds))
    let slot = connections.insert(connection)
    outbox.open(slot)
    do throws(SystemError) {
      try reactor.add(connections[slot].stream.descriptor, .reading, Token(slot: slot, generation: generation))
      schedule(slot)
    } catch {
      log.error("a connection could not be watched: \(error)")
      drop(slot)
    }
  }

  private func turnAway(_ reason: String) {
    counters.refusedAtLimit += 1
    log.warning("a connection was turned away: \(reason)")
  }
}
