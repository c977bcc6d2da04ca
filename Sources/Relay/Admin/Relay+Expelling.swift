import Bytes
import HTTP
import Policy
import Reactor
import WebSocket

/// How an operator has somebody leave.
extension Relay {
  private static let bannedReason = "Banned"

  /// `POST /kick {"peer":"17.3","code":4000,"reason":"…"}`
  func kick(_ request: OperatorRequest) throws(OperatorAnswer) -> RequestAnswer? {
    let members = try RequestMembers(request.body, names: ["peer", "code", "reason"])
    let (code, reason) = try closeFrame(members, reason: "Kicked by the operator")
    let slot = try slot(ofPeer: try members.required("peer"))
    let name = peerName(slot)
    log.line(.info, "the operator has kicked a peer", about: subject(of: slot))
    close(slot, code: code, reason: reason)
    return OperatorAnswer(200, .object([("peer", .text(name)), ("code", .count(code))])).response
  }

  /// `POST /close {"mount":"/","lobby":"…","code":4000,"reason":"…"}`: closes every member and deletes the lobby.
  func closeLobby(_ request: OperatorRequest) throws(OperatorAnswer) -> RequestAnswer? {
    let members = try RequestMembers(request.body, names: ["mount", "lobby", "code", "reason"])
    let entry = try mount(labelled: try members.text("mount") ?? "/")
    let name = try members.required("lobby")
    let (code, reason) = try closeFrame(members, reason: "The operator has closed the lobby")
    guard let outlets = entry.mount.deleteLobby(named: Array(name.utf8)) else {
      throw OperatorAnswer(404, error: "there is no lobby '\(name)' at \(entry.label)")
    }
    let open = outlets.filter { connections.isLive($0) && connections[$0].phase == .open }
    for slot in open { close(slot, code: code, reason: reason) }
    log.info("the operator has closed a lobby at \(entry.label) with \(open.count) connected members")
    return OperatorAnswer(200, .object([("lobby", .text(name)), ("closed", .count(open.count))])).response
  }

  /// What a peer is to be told.
  private func closeFrame(
    _ members: borrowing RequestMembers, reason: String
  ) throws(OperatorAnswer) -> (code: UInt16, reason: String) {
    let code = UInt16(try members.integer("code", in: 1000...4999) ?? Int(CloseCode.policyViolation))
    guard CloseCode.mayBeSent(code) else {
      throw OperatorAnswer(422, error: "a close frame cannot carry the code \(code): take one from 4000 to 4999")
    }
    let reason = try members.text("reason") ?? reason
    guard reason.utf8.count <= CloseCode.reasonBytesMax else {
      throw OperatorAnswer(422, error: "a reason has at most \(CloseCode.reasonBytesMax) bytes")
    }
    return (code, reason)
  }

  // MARK: Bans

  /// `POST /ban {"address":"203.0.113.7","seconds":600}`: nobody from there is let in, and who is there is closed.
  func ban(_ request: OperatorRequest) throws(OperatorAnswer) -> RequestAnswer? {
    let members = try RequestMembers(request.body, names: ["address", "seconds"])
    let network = try network(members)
    let seconds = try members.integer("seconds", in: 1...Bans.secondsMax) ?? 600
    guard bans.insert(network, until: now + UInt64(seconds) * 1000, now: now, most: limits.bans) else {
      throw OperatorAnswer(409, error: "limit bans (\(limits.bans)) is reached: POST /unban some, or raise it")
    }
    let closed = closeBanned()
    let subject = LogSubject(connection: nil, address: network, mount: nil)
    log.line(.info, "the operator has banned an address for \(seconds) s: \(closed) peers are closed", about: subject)
    return OperatorAnswer(
      200,
      .object([
        ("address", .text(Bans.text(of: network))), ("seconds", .count(seconds)), ("closed", .count(closed)),
      ])
    ).response
  }

  private func network(_ members: borrowing RequestMembers) throws(OperatorAnswer) -> HostAddress {
    let text = try members.required("address")
    guard let network = Bans.network(parsing: text) else {
      throw OperatorAnswer(422, error: "'\(text)' is no address: write 203.0.113.7, 2001:db8::1 or 2001:db8::/64")
    }
    return network
  }

  /// Closes whoever is there from where nobody is to be, and answers how many that are.
  func closeBanned() -> Int {
    var closed = 0
    for slot in 0..<UInt32(connections.slotCount) where connections.isLive(slot) {
      guard connections[slot].phase == .open, isBanned(slot) else { continue }
      close(slot, code: CloseCode.policyViolation, reason: Self.bannedReason)
      closed += 1
    }
    return closed
  }

  /// `POST /unban {"address":"203.0.113.7"}`
  func unban(_ request: OperatorRequest) throws(OperatorAnswer) -> RequestAnswer? {
    let network = try network(try RequestMembers(request.body, names: ["address"]))
    guard bans.remove(network, now: now) else {
      throw OperatorAnswer(404, error: "\(Bans.text(of: network)) is not banned")
    }
    let subject = LogSubject(connection: nil, address: network, mount: nil)
    log.line(.info, "the operator has let an address in again", about: subject)
    return OperatorAnswer(200, .object([("address", .text(Bans.text(of: network)))])).response
  }

  /// `GET /bans?from=K&count=C`
  func tellBans(_ request: OperatorRequest) throws(OperatorAnswer) -> RequestAnswer? {
    let page = try request.page()
    bans.forgetEnded(now)
    let listed = bans.listed
    let told = listed.dropFirst(page.from).prefix(page.count).map { ban in
      JSON.object([
        ("address", .text(Bans.text(of: ban.host))), ("seconds_left", .seconds(milliseconds: ban.end - now)),
      ])
    }
    return OperatorAnswer(200, .object([("total", .count(listed.count)), ("bans", .list(Array(told)))])).response
  }

  /// Whether a newcomer is turned away because its address is banned.
  func isBanned(_ slot: UInt32) -> Bool { !bans.isEmpty && bans.contains(connections[slot].host, now: now) }
}
