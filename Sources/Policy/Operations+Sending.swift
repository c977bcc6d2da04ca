import Bytes
import Lobby
import LuaHost
import WebSocket

/// Who gets what is sent.
enum Destination {
  case peer(PeerRef)
  case members(LobbyRef, except: [PeerRef])
}

extension MountCore {
  /// Writes one frame of `count` bytes for each destination. Whoever is gone or closing gets nothing;
  /// whoever does not read is closed or left out, as the limits say.
  @inline(__always)
  mutating func send(
    to destination: Destination, _ opcode: Opcode, count: Int, fill: (UnsafeMutableRawBufferPointer) -> Void
  ) {
    switch destination {
    case .peer(let peer): unsafe sendOne(to: peer, opcode, count: count, fill: fill)
    case .members(let lobby, let except):
      for position in 0..<machine.memberCount(lobby) {
        let peer = machine.member(lobby, at: position).peer
        if !except.contains(peer) { unsafe sendOne(to: peer, opcode, count: count, fill: fill) }
      }
    }
  }

  @inline(__always)
  private mutating func sendOne(
    to peer: PeerRef, _ opcode: Opcode, count: Int, fill: (UnsafeMutableRawBufferPointer) -> Void
  ) {
    guard isOpen(peer) else { return }
    let outlet = outlets[Int(peer.slot)]
    let limit = outbox.isDetached(outlet) ? limits.keptBytes : limits.queuedBytes
    let answer =
      count >= limits.deflateFromBytes && outbox.deflates(outlet)
      ? unsafe outbox.appendDeflated(to: outlet, opcode, count: count, limit: limit, fill: fill)
      : unsafe outbox.appendFrame(to: outlet, opcode, count: count, limit: limit, fill: fill)
    switch answer {
    case .done: counters.messagesOut &+= 1
    case .queueFull: overflow(peer)
    case .outOfBuffers: overflow(peer, isOfBuffers: true)
    }
  }

  @inline(never)
  private mutating func overflow(_ peer: PeerRef, isOfBuffers: Bool = false) {
    counters.messagesDropped &+= 1
    guard limits.slowReader == .close else { return }
    counters.slowReadersClosed &+= 1
    var reason = "Too slow: messages for you are piling up"
    var limit = "queued_bytes (\(limits.queuedBytes))"
    if isOfBuffers {
      reason = "The relay is out of buffers"
      limit = "buffer_bytes (\(outbox.buffers.most))"
    } else if outbox.isDetached(outlets[Int(peer.slot)]) {
      limit = "kept_bytes (\(limits.keptBytes))"
    }
    stageClose(peer, code: CloseCode.tryAgainLater, reason: Array(reason.utf8), limit: limit)
  }

  mutating func stageClose(_ peer: PeerRef, code: UInt16?, reason: [UInt8], limit: String? = nil) {
    machine.markClosing(peer)
    closes.append(StagedClose(peer: peer, code: code, reason: reason, limit: limit))
  }

  /// The text of argument `index`, which has to be UTF-8: clients drop a connection over anything else.
  func checkedText(_ call: Call, _ index: Int) throws(OperationError) -> UnsafeRawBufferPointer {
    let text = unsafe call.bytes(index)
    guard unsafe UTF8Validator.isValid(text) else {
      throw OperationError("the text is not UTF-8: send it as binary")
    }
    return unsafe text
  }
}
