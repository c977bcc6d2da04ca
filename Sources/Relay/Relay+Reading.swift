import Bytes
import Policy
import Reactor
import WebSocket

extension Relay {
  /// Reads once and handles whatever that brings.
  func read(_ slot: UInt32) {
    let phase = connections[slot].phase
    if phase == .draining || phase == .awaiting { return discard(slot) }
    if phase == .proxied { return readProxyHeader(slot) }
    let waiting = connections[slot].pending.count
    if waiting > Self.readBytes / 2 { return readLarge(slot) }
    let buffer = unsafe readBuffer
    if waiting > 0 {
      unsafe connections[slot].pending.withBytes { unsafe buffer.copyMemory(from: UnsafeRawBufferPointer($0)) }
    }
    let room = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[waiting...])
    guard let count = took(slot, unsafe connections[slot].stream.read(into: room)) else { return }
    connections[slot].pending.removeAll()
    let arrived = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[..<(waiting + count)])
    let used = unsafe handle(slot, arrived)
    if connections.isLive(slot), used < arrived.count, connections[slot].phase != .draining {
      unsafe connections[slot].pending.append(UnsafeRawBufferPointer(rebasing: arrived[used...]))
    }
    countBuffers(slot)
  }

  /// The rest of a message that is too long for the shared buffer.
  private func readLarge(_ slot: UInt32) {
    var result = ReadResult.wouldBlock
    var pending = ByteQueue()
    swap(&pending, &connections[slot].pending)
    _ = unsafe pending.appendUpTo(minimum: Self.readBytes) { room in
      result = unsafe connections[slot].stream.read(into: room)
      if case .bytes(let count) = result { return count }
      return 0
    }
    // Of what is encrypted there may be news without a byte to be read: what waits stays.
    _ = took(slot, result)
    if connections.isLive(slot) { handle(slot, &pending) }
  }

  /// Goes on with what the last turn was too short for.
  func resume(_ slot: UInt32) {
    connections[slot].isBacklogged = false
    var pending = ByteQueue()
    swap(&pending, &connections[slot].pending)
    handle(slot, &pending)
  }

  /// Handles what is whole in `pending` and keeps the rest with the connection.
  private func handle(_ slot: UInt32, _ pending: inout ByteQueue) {
    let used = unsafe pending.withBytes { unsafe handle(slot, $0) }
    pending.removeFirst(used)
    if connections.isLive(slot) { swap(&pending, &connections[slot].pending) }
    countBuffers(slot)
  }

  /// How many bytes a read brought; nil when it brought none and that has been dealt with.
  @inline(__always)
  private func took(_ slot: UInt32, _ result: ReadResult) -> Int? {
    switch result {
    case .bytes(let count):
      connections[slot].wasHeard = true
      counters.bytesIn &+= UInt64(count)
      return count
    case .wouldBlock:
      // A step of a TLS handshake may have taken a millisecond.
      endTurnInTime()
      return nil
    case .endOfStream, .failed:
      if connections[slot].stream.isEstablished { lose(slot) } else { failTLS(slot) }
      return nil
    }
  }

  /// Reads away what a connection still sends after the last word, until it ends.
  private func discard(_ slot: UInt32) {
    switch unsafe connections[slot].stream.read(into: readBuffer) {
    case .bytes, .wouldBlock: return
    case .endOfStream where isOwed(slot):
      // The client only said that it will send nothing further: it still gets all of its answer.
      connections[slot].isEnded = true
      watch(slot, blocked: true)
    case .endOfStream, .failed: drop(slot)
    }
  }

  /// Whether there is something to be sent yet to one who has just said that it will send nothing further.
  private func isOwed(_ slot: UInt32) -> Bool {
    if outbox.waiting(slot) > 0 || connections[slot].file != nil { return true }
    return connections[slot].phase == .awaiting && !connections[slot].isEnded
  }

  /// Handles all that is whole in `bytes`, and answers how many were used up.
  private func handle(_ slot: UInt32, _ bytes: UnsafeMutableRawBufferPointer) -> Int {
    var used = 0
    if connections[slot].phase == .handshake {
      used = unsafe takeHead(slot, UnsafeRawBufferPointer(bytes))
      guard connections.isLive(slot), connections[slot].phase != .handshake else { return used }
    }
    return unsafe takeFrames(slot, bytes, from: used)
  }

  private func takeFrames(_ slot: UInt32, _ bytes: UnsafeMutableRawBufferPointer, from start: Int) -> Int {
    // Who got an answer in place of a WebSocket may belong to no mount.
    guard connections[slot].phase == .open || connections[slot].phase == .closing else { return bytes.count }
    var offset = start
    let mount = mount(of: slot)
    let isLimited = limits.messagesPerSecond > 0 || limits.bytesPerSecond > 0
    var messages = 0
    while true {
      let phase = connections[slot].phase
      guard phase == .open || phase == .closing else { return bytes.count }
      switch unsafe connections[slot].inbound.next(bytes, at: &offset) {
      case .message(let isBinary, let payload):
        messages &+= 1
        // A connection that another one has taken the place of is still open here, for this turn.
        guard phase == .open, outbox.state(of: slot) == .open else { continue }
        if isLimited, !mayReceive(slot, payload.count) { continue }
        unsafe mount.receive(UnsafeRawBufferPointer(payload), isBinary: isBinary, from: connections[slot].peer)
        // One read may bring ten thousands, of which none lasts.
        if messages % 16 == 0 { endTurnInTime() }
        if lookAtClock(mount) {
          putOff(slot)
          return offset
        }
      case .compressed(let isBinary, let payload):
        messages &+= 1
        guard phase == .open, outbox.state(of: slot) == .open else { continue }
        unsafe takeCompressed(slot, payload, isBinary: isBinary, mount)
        if lookAtClock(mount) {
          putOff(slot)
          return offset
        }
      case .incomplete:
        noteArriving(slot, offset < bytes.count || connections[slot].inbound.isAssembling, isAnother: messages > 0)
        return offset
      case .ping(let payload): if maySendControl(slot) { unsafe outbox.appendControl(to: slot, .pong, payload) }
      case .pong: _ = maySendControl(slot)
      case .close(let code, let reason): unsafe takeClose(slot, code, reason)
      case .violation(let code, let reason): violate(slot, code, reason)
      }
    }
  }

  /// Leaves the rest of what has arrived for the next turn.
  private func putOff(_ slot: UInt32) {
    connections[slot].arriving.unset()
    connections[slot].isBacklogged = true
    backlog.append(Token(slot: slot, generation: connections[slot].generation))
  }

  func mayReceive(_ slot: UInt32, _ count: Int) -> Bool {
    let isWithin = connections[slot].allowance.spend(
      count, now: now, messagesMax: limits.messagesPerSecond, bytesMax: limits.bytesPerSecond)
    if isWithin { return true }
    close(slot, code: CloseCode.policyViolation, reason: "Too many messages")
    return false
  }

  /// The client's last word (RFC 6455 §5.5.1): answered with the same code, unless it answers ours.
  private func takeClose(_ slot: UInt32, _ code: UInt16?, _ reason: UnsafeRawBufferPointer) {
    let peer = connections[slot].peer
    outbox.appendClose(to: slot, code: code)
    outbox.touch(slot)
    connections[slot].phase = .draining
    setDeadline(slot, in: limits.closeMilliseconds)
    mount(of: slot).disconnectLater(
      peer, outlet: slot, code: code ?? CloseCode.noStatus, reason: unsafe String(decoding: reason, as: UTF8.self))
  }

  /// The client broke the protocol (RFC 6455 §7.1.7).
  func violate(_ slot: UInt32, _ code: UInt16, _ reason: StaticString) {
    counters.violations += 1
    close(slot, code: code, reason: "\(reason)")
    connections[slot].phase = .draining
  }
}
