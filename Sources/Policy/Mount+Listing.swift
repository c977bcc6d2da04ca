import Bytes
import Lobby

/// A lobby as whoever runs the relay sees it.
public struct ListedLobby: Sendable {
  public let name: [UInt8]
  public let isSealed: Bool
  /// Of the scripts that run it.
  public let version: String
  public let ageMilliseconds: UInt64
  /// The first of them, in the order in which they have joined.
  public let members: [ListedMember]
  public let membersTotal: Int
}

/// One of its members.
public struct ListedMember: Sendable {
  public let id: MemberID
  /// Of its connection; nil for a peer that a plugin keeps without one.
  public let outlet: UInt32?
  public let address: String
}

extension Mount {
  /// Lobbies whose name contains a text, in an order that stays while none is created or deleted.
  /// - Parameters:
  ///   - from: how many of them are skipped.
  ///   - count: how many are told at the most.
  ///   - membersMax: how many members of one are told.
  ///   - budget: members that may still be told; whatever has none left ends the list.
  public func lobbies(
    containing text: [UInt8], from: Int, count: Int, membersMax: Int, budget: inout Int
  ) -> (total: Int, listed: [ListedLobby]) {
    var (total, listed) = (0, [ListedLobby]())
    for lobby in unsafe core.pointee.machine.liveLobbies where isNamed(lobby, text) {
      if total >= from, listed.count < count, budget > 0, total - from == listed.count {
        let told = list(lobby, membersMax)
        budget -= told.members.count
        listed.append(told)
      }
      total += 1
    }
    return (total, listed)
  }

  /// The one of a name; nil when there is none.
  public func listedLobby(named name: [UInt8], membersMax: Int) -> ListedLobby? {
    lobby(named: name).map { list($0, membersMax) }
  }

  private func isNamed(_ lobby: LobbyRef, _ text: [UInt8]) -> Bool {
    if text.isEmpty { return true }
    let name = unsafe core.pointee.machine.name(of: lobby)
    return unsafe name.withUnsafeBytes { name in
      unsafe text.withUnsafeBytes { unsafe ByteSearch.first($0, in: name) != nil }
    }
  }

  private func list(_ lobby: LobbyRef, _ membersMax: Int) -> ListedLobby {
    let total = unsafe core.pointee.machine.memberCount(lobby)
    let members = (0..<min(total, membersMax)).map { position in
      let (peer, id) = unsafe core.pointee.machine.member(lobby, at: position)
      let outlet = unsafe core.pointee.outlets[Int(peer.slot)]
      let isDetached = unsafe core.pointee.outbox.isDetached(outlet)
      return ListedMember(
        id: id, outlet: isDetached ? nil : outlet, address: unsafe core.pointee.addresses[Int(peer.slot)])
    }
    let (created, now) = unsafe (core.pointee.machine.createdAt(lobby), core.pointee.now)
    return ListedLobby(
      name: unsafe core.pointee.machine.name(of: lobby), isSealed: unsafe core.pointee.machine.isSealed(lobby),
      version: name(ofVersion: unsafe core.pointee.machine.version(of: lobby)),
      ageMilliseconds: now > created ? now - created : 0, members: members, membersTotal: total)
  }

  private func name(ofVersion number: UInt32) -> String {
    elders.first { $0.version.number == number }?.version.version ?? running.version
  }

  /// The names of the first lobbies that a peer is in, in the order joined, and how many they are in all.
  public func lobbyNames(of peer: PeerRef, most: Int) -> (total: Int, names: [[UInt8]]) {
    guard unsafe core.pointee.machine.isLive(peer) else { return (0, []) }
    let total = unsafe core.pointee.machine.membershipCount(peer)
    let names = (0..<min(total, most)).compactMap { index in
      unsafe core.pointee.machine.lobby(of: peer, at: index).map { unsafe core.pointee.machine.name(of: $0) }
    }
    return (total, names)
  }

  /// Deletes a lobby from outside any hook, and answers the outlets of those who were in it and have a connection: they
  /// are to be closed. Nil when there is no lobby of this name.
  public func deleteLobby(named name: [UInt8]) -> [UInt32]? {
    guard let lobby = unsafe core.pointee.machine.lobby(named: name) else { return nil }
    let members = list(lobby, .max).members
    do throws(Refusal) {
      try unsafe core.pointee.machine.deleteLobby(lobby)
    } catch {
      preconditionFailure("a lobby that was just found can be deleted")
    }
    unsafe core.pointee.machine.commit()
    return members.compactMap(\.outlet)
  }
}
