import Lobby

/// Everything that can be observed of a machine, as text: two machines with the same dump behave the same.
/// Timers are dumped in the order in which they would fire.
func dump(_ machine: LobbyMachine) -> [String] {
  var lines = ["peers \(machine.peerCount) lobbies \(machine.lobbyCount) timers \(machine.timerCount)"]
  lines.append("held \(machine.heldCount) bytes \(machine.heldByteCount)")
  for peer in machine.livePeers {
    let memberships = (0..<machine.membershipCount(peer)).map { index in
      let lobby = machine.lobby(of: peer, at: index)!
      return "\(text(machine.name(of: lobby)))=\(text(machine.id(of: peer, in: lobby)!))"
    }
    let closing = machine.isClosing(peer) ? " closing" : ""
    lines.append("peer \(peer.slot)\(closing) in \(memberships) \(attributes(of: .peer(peer), machine))")
  }
  let lobbies = machine.liveLobbies.sorted { machine.name(of: $0).lexicographicallyPrecedes(machine.name(of: $1)) }
  for lobby in lobbies {
    let name = machine.name(of: lobby)
    var line = "lobby \(text(name)) sealed \(machine.isSealed(lobby)) found \(machine.lobby(named: name) == lobby)"
    for position in 0..<machine.memberCount(lobby) {
      let (peer, id) = machine.member(lobby, at: position)
      line += " \(peer.slot)=\(text(id))"
      if machine.member(lobby, id: id) != peer { line += "(lost)" }
      if case .integer(let number) = id, machine.member(lobby, integer: number) != peer { line += "(lost by integer)" }
      if machine.id(of: peer, in: lobby) != id { line += "(no such id of the peer)" }
    }
    lines.append(line + " \(attributes(of: .lobby(lobby), machine)) \(held(by: .lobby(lobby), machine))")
  }
  lines.append("mount \(attributes(of: .mount, machine)) \(held(by: .mount, machine))")
  return lines + firing(machine)
}

/// The names and ids that the random operations draw from.
let names = (0..<6).map { Array("lobby\($0)".utf8) }
let keys = ["nickname", "color", "score"].map { Array($0.utf8) }
let timerNames = ["ping", "seal", "late"].map { Array($0.utf8) }

private func attributes(of subject: Subject, _ machine: LobbyMachine) -> String {
  keys.map { key in
    key.withUnsafeBytes { bytes in machine.attribute(bytes, of: subject).map { "\($0)" } ?? "-" }
  }.description
}

/// What is held, as it is now and as it is later.
private func held(by owner: Subject, _ machine: LobbyMachine) -> String {
  var copy = machine
  return (0..<4).map { now in
    keys.map { key in
      let messages = (try? copy.heldMessages(key, of: owner, now: UInt64(now))) ?? []
      return messages.map { "\($0.payload.count)\($0.isBinary ? "b" : "t")" }
    }.description + "\(copy.heldByteCount)"
  }.joined(separator: " ")
}

/// Fires all timers of a copy.
private func firing(_ machine: LobbyMachine) -> [String] {
  var copy = machine
  var lines: [String] = []
  while let deadline = copy.nextDeadline() {
    guard let due = copy.takeDueTimer(now: deadline) else {
      // The time of a lobby that was kept is over.
      lines.append("at \(deadline) there are \(copy.lobbyCount) lobbies, empty ones among them deleted")
      continue
    }
    lines.append("at \(deadline) \(text(due.name)) on \(named(due.subject, machine)) with \(due.arguments)")
  }
  return lines
}

private func named(_ subject: Subject, _ machine: LobbyMachine) -> String {
  switch subject {
  case .peer(let ref): machine.isLive(ref) ? "peer \(ref.slot)" : "a dead peer"
  case .lobby(let ref): machine.isLive(ref) ? "lobby \(text(machine.name(of: ref)))" : "a dead lobby"
  case .mount: "mount"
  }
}

func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

private func text(_ id: MemberID) -> String {
  switch id {
  case .integer(let integer): "\(integer)"
  case .text(let bytes): "'\(text(bytes))'"
  }
}
