import HTTP
import Lobby
import Policy

extension Relay {
  /// Members that are told of one lobby, and those of one answer: one that has told so many ends there.
  private static let membersMax = 1000
  private static let membersInAllMax = 2000
  /// Lobbies that are told of one peer.
  private static let lobbiesPerPeerMax = 16

  /// `GET /lobbies?mount=/path&name=N&from=K&count=C`, or `lobby=N` for the one of exactly this name at each mount.
  func tellLobbies(_ request: OperatorRequest) throws(OperatorAnswer) -> RequestAnswer? {
    if let name = request.head.query("lobby") { return try tellLobby(named: name, request) }
    let page = try request.page()
    let name = Array((request.head.query("name") ?? "").utf8)
    var (total, told, budget) = (0, [JSON](), Self.membersInAllMax)
    for entry in try wantedMounts(request.head) {
      let (found, listed) = entry.mount.lobbies(
        containing: name, from: max(0, page.from - total), count: page.count - told.count,
        membersMax: Self.membersMax, budget: &budget)
      total += found
      told += listed.map { lobby(entry.label, $0) }
    }
    return OperatorAnswer(200, .object([("total", .count(total)), ("lobbies", .list(told))])).response
  }

  private func tellLobby(named name: String, _ request: OperatorRequest) throws(OperatorAnswer) -> RequestAnswer? {
    let told = try wantedMounts(request.head).compactMap { entry in
      entry.mount.listedLobby(named: Array(name.utf8), membersMax: Self.membersMax).map { lobby(entry.label, $0) }
    }
    return OperatorAnswer(200, .object([("total", .count(told.count)), ("lobbies", .list(told))])).response
  }

  private func lobby(_ label: String, _ lobby: ListedLobby) -> JSON {
    .object([
      ("mount", .text(label)), ("name", .text(lobby.name)), ("sealed", .flag(lobby.isSealed)),
      ("version", .text(lobby.version)), ("age_seconds", .seconds(milliseconds: lobby.ageMilliseconds)),
      ("members_total", .count(lobby.membersTotal)), ("members", .list(lobby.members.map(member))),
    ])
  }

  private func member(_ member: ListedMember) -> JSON {
    .object([
      ("id", JSON(member.id)), ("peer", member.outlet.map { .text(peerName($0)) } ?? .null),
      ("address", .text(member.address)),
    ])
  }

  /// `GET /peers?mount=/path&peer=P&from=K&count=C`
  func tellPeers(_ request: OperatorRequest) throws(OperatorAnswer) -> RequestAnswer? {
    let page = try request.page()
    let wanted = Dictionary(uniqueKeysWithValues: try wantedMounts(request.head).map { ($0.index, $0.label) })
    var (total, told) = (0, [JSON]())
    for slot in try wantedSlots(request.head) where connections.isLive(slot) && connections[slot].phase == .open {
      guard let label = connections[slot].mount.flatMap({ wanted[$0] }) else { continue }
      if total >= page.from, told.count < page.count { told.append(peer(slot, label)) }
      total += 1
    }
    return OperatorAnswer(200, .object([("total", .count(total)), ("peers", .list(told))])).response
  }

  private func wantedSlots(_ head: RequestHead) throws(OperatorAnswer) -> Range<UInt32> {
    guard let name = head.query("peer") else { return 0..<UInt32(connections.slotCount) }
    let slot = try slot(ofPeer: name)
    return slot..<(slot + 1)
  }

  private func peer(_ slot: UInt32, _ label: String) -> JSON {
    let (lobbyCount, lobbies) = mount(of: slot).lobbyNames(of: connections[slot].peer, most: Self.lobbiesPerPeerMax)
    let openedAt = UInt64(connections[slot].openedAt)
    return .object([
      ("peer", .text(peerName(slot))), ("mount", .text(label)), ("address", .text(connections[slot].host.description)),
      ("connected_seconds", .count(now / 1000 - min(openedAt, now / 1000))),
      ("queued_bytes", .count(outbox.waiting(slot))), ("lobbies_total", .count(lobbyCount)),
      ("lobbies", .list(lobbies.map { .text($0) })),
    ])
  }

  // MARK: Names

  /// What logs and operators call a peer: no other connection ever has this name.
  func peerName(_ slot: UInt32) -> String { "\(slot).\(connections[slot].generation)" }

  /// The connection of a peer by that name.
  func slot(ofPeer name: String) throws(OperatorAnswer) -> UInt32 {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, let slot = UInt32(parts[0]), let generation = UInt32(parts[1]) else {
      throw OperatorAnswer(422, error: "'\(name)' is no peer's name: GET /peers tells them, such as 17.3")
    }
    guard connections.isLive(slot, generation), connections[slot].phase == .open else {
      throw OperatorAnswer(404, error: "there is no peer \(name): it may have left")
    }
    return slot
  }

  /// The mounts that newcomers find, each with its label.
  var labelledMounts: [LabelledMount] {
    var seen: [String: Int] = [:]
    return mounts.mounts.compactMap { entry in
      guard let index = mounts.index(of: entry.mount) else { return nil }
      let key = entry.route.key
      seen[key, default: 0] += 1
      // Two mounts may differ in later paths only.
      let label = seen[key, default: 1] > 1 ? "\(key)#\(seen[key, default: 1])" : key
      return LabelledMount(label: label, route: entry.route, mount: entry.mount, index: index)
    }
  }

  /// The one that `mount=` names; without it all.
  private func wantedMounts(_ head: RequestHead) throws(OperatorAnswer) -> [LabelledMount] {
    guard let label = head.query("mount") else { return labelledMounts }
    return [try mount(labelled: label)]
  }

  func mount(labelled label: String) throws(OperatorAnswer) -> LabelledMount {
    let mounts = labelledMounts
    if let found = mounts.first(where: { $0.label == label }) { return found }
    let known = mounts.map(\.label).joined(separator: ", ")
    throw OperatorAnswer(404, error: "there is no mount '\(label)'. There are \(known)")
  }
}

/// A mount under the name by which operators and metrics know it: its first path, with its host if it has one, or its own
/// first address.
struct LabelledMount {
  let label: String
  let route: Route
  let mount: Mount
  /// In the table of mounts.
  let index: Int
}

extension JSON {
  init(_ id: MemberID) {
    switch id {
    case .integer(let number): self = .integer(Int(number))
    case .text(let text): self = .text(text)
    }
  }
}
