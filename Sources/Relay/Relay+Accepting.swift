import Bytes
import HTTP
import Reactor

extension Relay {
  /// How long newcomers are welcomed in one turn; the others wait in the kernel's queue for the next.
  private static let welcomeMicroseconds: UInt64 = 500
  /// How long a listener rests that could not take a newcomer, who would keep it readable.
  private static let restMilliseconds: UInt64 = 100

  func acceptNewcomers(at index: Int) {
    guard let box = listeners[index] else { return }
    let slice = TimeSlice(microseconds: Self.welcomeMicroseconds)
    repeat {
      switch box.listener.accept() {
      case .newcomer(let stream, let address): welcome(stream, address.host, from: box)
      case .nobody: return
      case .exhausted:
        counters.outOfDescriptors += 1
        log.warning("out of file descriptors: a connection was turned away (raise 'ulimit -n')")
      case .failed(let error):
        log.error("accepting failed, the next try is in \(Self.restMilliseconds) ms: \(error)")
        return rest(index)
      }
    } while !slice.isOver
  }

  /// Stops listening for a moment. The deadline's payload is the listener's token: generation 0 is no connection's.
  private func rest(_ index: Int) {
    let slot = Source.listenersFrom + UInt32(index)
    watchListener(index, .none)
    deadlines.insert(deadline: now + Self.restMilliseconds, payload: UInt64(slot))
  }

  /// The rest of a listener is over, unless it is closed.
  func resumeListener(at index: Int) { watchListener(index, .reading) }

  private func watchListener(_ index: Int, _ interest: Interest) {
    guard let box = listeners[index] else { return }
    let token = Token(slot: Source.listenersFrom + UInt32(index), generation: 0)
    do throws(SystemError) {
      try reactor.modify(box.listener.descriptor, interest, token)
    } catch {
      log.error("a listener could not be watched: \(error)")
    }
  }

  private func welcome(_ stream: consuming Stream, _ host: HostAddress, from box: ListenerBox) {
    let purpose = box.purpose
    // The operator wants to know most of all when the relay is full.
    let isOperator = purpose == .operator
    guard limits.connections == 0 || connections.count - operatorCount < limits.connections || isOperator else {
      return turnAway(stream, host, from: box, status: 503, "limit connections (\(limits.connections)) reached")
    }
    guard isOperator || connections.count - operatorCount < clientsMax else {
      let reason = "all file descriptors for clients (\(clientsMax)) are in use"
      return turnAway(stream, host, from: box, status: 503, reason)
    }
    guard !isOperator || limits.adminConnections == 0 || operatorCount < limits.adminConnections else {
      let limit = "limit admin_connections (\(limits.adminConnections)) reached"
      return turnAway(stream, host, from: box, status: 503, limit)
    }
    let isAnnounced = !isOperator && proxies.announces(host)
    if !isOperator, !isAnnounced, let reason = refusal(of: host) {
      return turnAway(stream, host, from: box, status: 429, reason)
    }
    counters.accepted += 1
    let generation = connections.takeGeneration()
    let connection = Connection(
      stream: stream, host: host, phase: isAnnounced ? .proxied : .handshake, purpose: purpose,
      generation: generation, limits: limits, deadline: now + UInt64(limits.handshakeMilliseconds))
    let slot = connections.insert(connection)
    if let mount = connections[slot].mount { mounts.enter(mount) }
    if isOperator { operatorCount += 1 }
    outbox.open(slot)
    do throws(SystemError) {
      try reactor.add(connections[slot].stream.descriptor, .reading, Token(slot: slot, generation: generation))
      schedule(slot)
    } catch {
      log.error("a connection could not be watched: \(error)")
      return drop(slot)
    }
    guard box.wanted.isEncrypted else { return }
    connections[slot].awaitsTLS = true
    if !isAnnounced { beginTLS(slot) }
  }

  /// Refuses a newcomer and forgets it. The answer is a courtesy: what the kernel does not take at once is lost,
  /// and a client that is still sending may meet a reset instead. Who speaks TLS gets none: it would take a handshake.
  private func turnAway(
    _ stream: consuming Stream, _ host: HostAddress, from box: ListenerBox, status: Int, _ reason: String
  ) {
    counters.refusedAtLimit += 1
    log.warning(
      "a connection was turned away: \(reason)", about: LogSubject(connection: nil, address: host, mount: nil))
    guard !box.wanted.isEncrypted, refusals.take(now: now) else { return }
    var answer = ByteQueue()
    answer.appendResponse(status: status, headers: PlainAnswer.plainText, body: "Try again later: \(reason)\n")
    // Bytes that nobody has read would turn the end of the stream into a reset.
    _ = unsafe stream.read(into: readBuffer)
    _ = unsafe answer.withBytes { unsafe stream.write(UnsafeRawBufferPointer($0)) }
    stream.shutdownWrite()
  }
}
