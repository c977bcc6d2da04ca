import Bytes
import Lobby
import LuaHost
import WebSocket

extension MountCore {
  mutating func performPeer(_ call: Call, _ operation: lh_operation) throws(OperationError) {
    let peer = unsafe call.peer(0)
    switch operation {
    case LH_OP_PEER_SEND:
      let text = try unsafe checkedText(call, 1)
      unsafe send(to: .peer(peer), .text, count: text.count) { unsafe $0.copyMemory(from: text) }
    case LH_OP_PEER_SEND_BINARY:
      let bytes = unsafe call.bytes(1)
      unsafe send(to: .peer(peer), .binary, count: bytes.count) { unsafe $0.copyMemory(from: bytes) }
    case LH_OP_PEER_CLOSE:
      try unsafe close(peer, call)
      unsafe call.answer(true)
    case LH_OP_PEER_LOBBY:
      guard machine.isLive(peer), let lobby = machine.firstLobby(of: peer), !isHidden(lobby) else {
        return unsafe call.answerNil()
      }
      unsafe call.answer(lobby)
      unsafe answerID(of: peer, in: lobby, call)
    case LH_OP_PEER_LOBBIES:
      let count = machine.isLive(peer) ? machine.membershipCount(peer) : 0
      let lobbies = (0..<count).compactMap { machine.lobby(of: peer, at: $0) }
      unsafe call.answer(list: lobbies.filter { !isHidden($0) }, in: &results)
    case LH_OP_PEER_ADDRESS:
      guard machine.isLive(peer) else { throw OperationError(.peerGone) }
      unsafe call.answer(copying: addresses[Int(peer.slot)], in: &results)
    case LH_OP_PEER_IS_OPEN: unsafe call.answer(isOpen(peer))
    case LH_OP_PEER_KEEP: unsafe call.answer(try keep(peer, seconds: call.number(1)))
    case LH_OP_PEER_IS_KEPT: unsafe call.answer(machine.isLive(peer) && kept.contains(peer))
    case LH_OP_PEER_TAKE_OVER: try unsafe takeOver(peer, from: call.peer(1))
    case LH_OP_PEER_AFTER: try unsafe startTimer(call)
    default: try unsafe cancelTimer(call)
    }
  }

  /// RFC 6455 §7.4: only codes that may be on the wire, and a reason that fits the frame.
  private mutating func close(_ peer: PeerRef, _ call: Call) throws(OperationError) {
    var code: UInt16?
    if unsafe call.isGiven(1) {
      guard let given = unsafe UInt16(exactly: call.integer(1)), CloseCode.mayBeSent(given) else {
        throw OperationError("a close code is 1000-1003, 1007-1014 or 3000-4999")
      }
      code = given
    }
    let reason = unsafe call.isGiven(2) ? try checkedText(call, 2) : UnsafeRawBufferPointer(start: nil, count: 0)
    guard reason.count <= CloseCode.reasonBytesMax else {
      throw OperationError("a close reason is at most \(CloseCode.reasonBytesMax) bytes long")
    }
    guard isOpen(peer) else { return }
    stageClose(peer, code: code, reason: unsafe [UInt8](reason))
  }
}
