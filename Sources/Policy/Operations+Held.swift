import Bytes
import Lobby
import LuaHost
import WebSocket

extension MountCore {
  func isAboutHeld(_ operation: lh_operation) -> Bool {
    switch operation {
    case LH_OP_LOBBY_HOLD, LH_OP_LOBBY_DELIVER, LH_OP_LOBBY_DISCARD: true
    case LH_OP_MOUNT_HOLD, LH_OP_MOUNT_DELIVER, LH_OP_MOUNT_DISCARD: true
    default: false
    }
  }

  mutating func performHeld(_ call: Call, _ operation: lh_operation) throws(OperationError) {
    switch operation {
    case LH_OP_LOBBY_HOLD, LH_OP_MOUNT_HOLD:
      let text = try unsafe checkedText(call, 2)
      try unsafe hold([UInt8](text), isBinary: false, call.array(1), of: call.subject(0), seconds: 3, call)
    case LH_OP_LOBBY_DELIVER, LH_OP_MOUNT_DELIVER: try unsafe deliver(call)
    default: try unsafe discard(call)
    }
  }

  /// `message:hold(owner, key, seconds, …)`: what `forward` would send.
  mutating func holdMessage(_ call: Call) throws(OperationError) {
    guard let count = try unsafe planEdits(call) else {
      let payload = unsafe [UInt8](message.bytes)
      return try unsafe hold(payload, isBinary: message.isBinary, call.array(2), of: call.subject(1), seconds: 3, call)
    }
    var payload = [UInt8](repeating: 0, count: count)
    unsafe payload.withUnsafeMutableBytes { unsafe message.splice.pointee.write(message.bytes, into: $0) }
    try unsafe hold(payload, isBinary: false, call.array(2), of: call.subject(1), seconds: 3, call)
  }

  private mutating func hold(
    _ payload: [UInt8], isBinary: Bool, _ key: [UInt8], of owner: Subject, seconds: Int, _ call: Call
  ) throws(OperationError) {
    let deadline = try deadline(in: unsafe call.number(seconds))
    guard mayHold(payload.count) else { return unsafe call.answer(false) }
    let now = self.now
    let isHeld = try refusing { () throws(Refusal) in
      try machine.hold(payload, isBinary: isBinary, for: key, of: owner, now: now, deadline: deadline)
    }
    unsafe call.answer(isHeld)
  }

  /// Sends what waits, in order. What a peer that is gone or reads too slowly has no room for stays.
  private mutating func deliver(_ call: Call) throws(OperationError) {
    let (owner, key, peer) = unsafe (call.subject(0), call.array(1), call.peer(2))
    let now = self.now
    let waiting = try refusing { () throws(Refusal) in try machine.heldMessages(key, of: owner, now: now) }
    var sent = 0
    for message in waiting {
      guard hasRoom(for: message.payload.count, peer) else { break }
      unsafe message.payload.withUnsafeBytes { payload in
        unsafe send(to: .peer(peer), message.isBinary ? .binary : .text, count: payload.count) {
          unsafe $0.copyMemory(from: payload)
        }
      }
      sent += 1
    }
    machine.forgetHeld(key, of: owner, count: sent)
    unsafe call.answer(Int64(sent))
  }

  /// Whether a message can be sent to this peer. One that is too large for any queue is let through to be met as
  /// other messages of its kind are, or it would wait for ever.
  private func hasRoom(for count: Int, _ peer: PeerRef) -> Bool {
    guard isOpen(peer) else { return false }
    let waiting = outbox.waiting(outlets[Int(peer.slot)])
    return limits.queuedBytes == 0 || waiting == 0 || waiting + count <= limits.queuedBytes
  }

  private mutating func discard(_ call: Call) throws(OperationError) {
    let (owner, key) = unsafe (call.subject(0), call.array(1))
    let now = self.now
    let waiting = try refusing { () throws(Refusal) in try machine.heldMessages(key, of: owner, now: now) }
    machine.forgetHeld(key, of: owner, count: waiting.count)
    unsafe call.answer(Int64(waiting.count))
  }
}
