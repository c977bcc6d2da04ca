import Bytes
import Lobby
import LuaHost

extension MountCore {
  mutating func performLobby(_ call: Call, _ operation: lh_operation) throws(OperationError) {
    let lobby = unsafe call.lobby(0)
    if operation == LH_OP_LOBBY_IS_OPEN { return unsafe call.answer(machine.isLive(lobby)) }
    guard machine.isLive(lobby) else { throw OperationError(.lobbyGone) }
    switch operation {
    case LH_OP_LOBBY_MEMBER:
      if let peer = unsafe member(lobby, call) { unsafe call.answer(peer) } else { unsafe call.answerNil() }
    case LH_OP_LOBBY_ID_OF:
      let peer = unsafe call.peer(1)
      guard machine.isLive(peer) else { return unsafe call.answerNil() }
      unsafe answerID(of: peer, in: lobby, call)
    case LH_OP_LOBBY_NAME: unsafe call.answer(copying: machine.name(of: lobby), in: &results)
    case LH_OP_LOBBY_MEMBERS:
      let members = (0..<machine.memberCount(lobby)).map { machine.member(lobby, at: $0).peer }
      unsafe call.answer(list: members, in: &results)
    case LH_OP_LOBBY_COUNT: unsafe call.answer(Int64(machine.memberCount(lobby)))
    case LH_OP_LOBBY_IS_SEALED: unsafe call.answer(machine.isSealed(lobby))
    case LH_OP_LOBBY_RANDOM_MEMBERS:
      let count = unsafe Int(clamping: call.integer(1))
      let except = unsafe call.isGiven(2) ? call.peer(2) : nil
      let drawn = machine.randomMembers(lobby, count: count, except: except, random: &random)
      unsafe call.answer(list: drawn, in: &results)
    case LH_OP_LOBBY_ADMITS:
      let isFull = machine.isFull(lobby)
      unsafe call.answer(!isFull)
      if isFull { unsafe call.answer(copying: "The lobby is full", in: &results) } else { unsafe call.answerNil() }
    case LH_OP_LOBBY_BROADCAST, LH_OP_LOBBY_BROADCAST_BINARY: try unsafe broadcast(lobby, call, operation)
    case LH_OP_LOBBY_AFTER: try unsafe startTimer(call)
    case LH_OP_LOBBY_KEEP: try unsafe keep(lobby, call)
    case LH_OP_LOBBY_CANCEL: try unsafe cancelTimer(call)
    case _ where isAboutHeld(operation): try unsafe performHeld(call, operation)
    default:
      try refusing { () throws(Refusal) in try unsafe change(lobby, call, operation) }
    }
  }

  private mutating func keep(_ lobby: LobbyRef, _ call: Call) throws(OperationError) {
    let seconds = unsafe call.number(1)
    let deadline = seconds == 0 ? nil : try deadline(in: seconds)
    try refusing { () throws(Refusal) in try machine.keepLobby(lobby, until: deadline) }
  }

  @inline(__always)
  private func member(_ lobby: LobbyRef, _ call: Call) -> PeerRef? {
    if unsafe call.argument(1).pointee.kind == LH_INTEGER.rawValue {
      return unsafe machine.member(lobby, integer: call.integer(1))
    }
    return unsafe machine.member(lobby, id: call.memberID(1))
  }

  @inline(__always)
  mutating func answerID(of peer: PeerRef, in lobby: LobbyRef, _ call: Call) {
    if let id = machine.integerID(of: peer, in: lobby) { return unsafe call.answer(id) }
    unsafe call.answer(machine.id(of: peer, in: lobby), in: &results)
  }

  private mutating func change(_ lobby: LobbyRef, _ call: Call, _ operation: lh_operation) throws(Refusal) {
    switch operation {
    case LH_OP_LOBBY_ADD: try unsafe machine.addMember(call.peer(1), to: lobby, as: call.memberID(2))
    case LH_OP_LOBBY_REMOVE: try unsafe machine.removeMember(call.peer(1), from: lobby)
    case LH_OP_LOBBY_REPLACE: try unsafe machine.replaceMember(call.peer(1), in: lobby, by: call.peer(2))
    case LH_OP_LOBBY_SEAL: try machine.seal(lobby, true)
    case LH_OP_LOBBY_UNSEAL: try machine.seal(lobby, false)
    default: try machine.deleteLobby(lobby)
    }
  }

  private mutating func broadcast(_ lobby: LobbyRef, _ call: Call, _ operation: lh_operation) throws(OperationError) {
    let isText = operation == LH_OP_LOBBY_BROADCAST
    let payload = unsafe isText ? try checkedText(call, 1) : call.bytes(1)
    let except = unsafe (2..<max(2, call.count)).filter { unsafe call.isPeer($0) }.map { unsafe call.peer($0) }
    unsafe send(to: .members(lobby, except: except), isText ? .text : .binary, count: payload.count) {
      unsafe $0.copyMemory(from: payload)
    }
  }

  mutating func performMount(_ call: Call, _ operation: lh_operation) throws(OperationError) {
    switch operation {
    case LH_OP_MOUNT_CREATE_LOBBY:
      try unsafe createLobby(call)
    case LH_OP_MOUNT_FIND_LOBBY:
      if let lobby = unsafe machine.lobby(named: call.array(1)), !isHidden(lobby) {
        unsafe call.answer(lobby)
      } else {
        unsafe call.answerNil()
      }
    case LH_OP_MOUNT_LOBBY_COUNT: unsafe call.answer(Int64(machine.lobbyCount))
    case LH_OP_MOUNT_LOBBIES: try unsafe answerLobbies(call)
    case LH_OP_MOUNT_PEERS: try unsafe answerPeers(call)
    case LH_OP_MOUNT_PEER_COUNT: unsafe call.answer(Int64(machine.peerCount))
    case LH_OP_MOUNT_AFTER: try unsafe startTimer(call)
    case LH_OP_MOUNT_CANCEL: try unsafe cancelTimer(call)
    default: try unsafe performHeld(call, operation)
    }
  }

  /// Reaching a limit is the policy's to tell in its own words; a taken name is its mistake.
  private mutating func createLobby(_ call: Call) throws(OperationError) {
    do throws(Refusal) {
      unsafe call.answer(try machine.createLobby(named: call.array(1), now: now))
      unsafe call.answerNil()
    } catch {
      guard case .limit = error else { throw OperationError(error) }
      unsafe call.answerNil()
      unsafe call.answer(copying: error.message, in: &results)
    }
  }

  private mutating func answerLobbies(_ call: Call) throws(OperationError) {
    guard try unsafe namesAttribute(call) else {
      return unsafe call.answer(list: unsafe listed(machine.liveLobbies, for: call), in: &results)
    }
    let value = unsafe call.isGiven(2) ? call.plain(2) : nil
    unsafe call.answer(list: listed(machine.lobbies(with: call.bytes(1), value), for: call), in: &results)
  }

  private mutating func answerPeers(_ call: Call) throws(OperationError) {
    guard try unsafe namesAttribute(call) else { return unsafe call.answer(list: machine.livePeers, in: &results) }
    let value = unsafe call.isGiven(2) ? call.plain(2) : nil
    unsafe call.answer(list: machine.peers(with: call.bytes(1), value), in: &results)
  }

  /// Whether those with an attribute are asked for, and not all.
  private func namesAttribute(_ call: Call) throws(OperationError) -> Bool {
    if unsafe call.isGiven(1) { return true }
    if unsafe call.isGiven(2) { throw OperationError("a value without the name of an attribute") }
    return false
  }
}
