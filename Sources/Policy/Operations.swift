import Bytes
import Lobby
import LuaHost

extension MountCore {
  /// One call of the relay by a script. Answers whether it was carried out; if not, C raises.
  mutating func perform(_ raw: UnsafeMutablePointer<lh_call>) -> Bool {
    let call = unsafe Call(raw: raw)
    if sight != .everything, unsafe handsOver(call) { return false }
    do throws(OperationError) {
      try unsafe route(call, lh_operation(raw.pointee.operation))
      return true
    } catch {
      unsafe call.refuse(error.message)
      return false
    }
  }

  /// The operations of api.def lie together by receiver.
  private mutating func route(_ call: Call, _ operation: lh_operation) throws(OperationError) {
    switch operation.rawValue {
    case LH_OP_MESSAGE_TEXT.rawValue...LH_OP_MESSAGE_FORWARD_REST.rawValue:
      try unsafe performMessage(call, operation)
    case LH_OP_PEER_SEND.rawValue...LH_OP_PEER_CANCEL.rawValue:
      try unsafe performPeer(call, operation)
    case LH_OP_LOBBY_NAME.rawValue...LH_OP_LOBBY_CANCEL.rawValue:
      try unsafe performLobby(call, operation)
    case LH_OP_MOUNT_CREATE_LOBBY.rawValue...LH_OP_MOUNT_CANCEL.rawValue:
      try unsafe performMount(call, operation)
    case LH_OP_REQUEST_METHOD.rawValue...LH_OP_REQUEST_ANSWER.rawValue:
      try unsafe performRequest(call, operation)
    case LH_OP_RELAY_NOW.rawValue...LH_OP_RANDOM_UUID.rawValue:
      try unsafe performRelay(call, operation)
    case LH_OP_CRYPTO_SHA256.rawValue...LH_OP_CRYPTO_EQUAL.rawValue:
      try unsafe performCrypto(call, operation)
    default:
      try unsafe performAttribute(call, operation)
    }
  }

  /// `peer.nickname` and `peer.nickname = …`.
  private mutating func performAttribute(_ call: Call, _ operation: lh_operation) throws(OperationError) {
    let subject = unsafe call.subject(0)
    if operation == LH_OP_GET_ATTRIBUTE {
      unsafe call.answer(machine.attribute(call.bytes(1), of: subject), in: &results)
    } else {
      try refusing { () throws(Refusal) in
        try unsafe machine.setAttribute(call.bytes(1), of: subject, to: call.plain(2))
      }
    }
  }

  // MARK: Timers

  mutating func startTimer(_ call: Call) throws(OperationError) {
    let deadline = try deadline(in: unsafe call.number(1))
    // C has refused whatever is no plain value.
    let arguments = unsafe (3..<max(3, call.count)).compactMap { unsafe call.plain($0) }
    try refusing { () throws(Refusal) in
      try unsafe machine.startTimer(call.array(2), on: call.subject(0), deadline: deadline, arguments: arguments)
    }
  }

  /// At least a millisecond away: a timer that restarts itself must not fire for ever in one turn.
  func deadline(in seconds: Double) throws(OperationError) -> UInt64 {
    guard seconds >= 0, seconds < 1e9 else { throw OperationError("seconds must be between 0 and 1e9") }
    return now + max(1, UInt64((seconds * 1000).rounded(.up)))
  }

  mutating func cancelTimer(_ call: Call) throws(OperationError) {
    let cancelled = try refusing { () throws(Refusal) in
      try unsafe machine.cancelTimer(call.array(1), on: call.subject(0))
    }
    unsafe call.answer(cancelled)
  }
}

/// Turns a refusal of the lobby machine into one of the operation.
@inline(__always)
func refusing<Result>(_ body: () throws(Refusal) -> Result) throws(OperationError) -> Result {
  do throws(Refusal) {
    return try body()
  } catch {
    throw OperationError(error)
  }
}
