import Lobby
import LuaHost

/// What a hook may do with the lobbies of other versions than its own, where several run at once. Plugins see to all
/// lobbies in any case, as they know nothing of what a policy keeps in them.
enum LobbySight {
  case everything
  /// They are there, but not listed: whoever looks for any lobby is given one of its own version.
  case unlisted
  /// The same; what does something with one of them is left to that one's version.
  case handingOver
  /// They are not there.
  case own
}

extension MountCore {
  /// Whether the event has to be run by another version, because the policy has come upon a lobby of that one.
  mutating func handsOver(_ call: Call) -> Bool {
    guard sight == .handingOver, unsafe !call.raw.pointee.is_by_plugin else { return false }
    for index in unsafe 0..<min(2, call.count) where unsafe call.argument(index).pointee.kind == LH_LOBBY.rawValue {
      let lobby = unsafe call.lobby(index)
      guard machine.isLive(lobby), machine.version(of: lobby) != machine.version else { continue }
      elsewhere = machine.version(of: lobby)
      unsafe call.raw.pointee.is_elsewhere = true
      return true
    }
    return false
  }

  /// Whether the running hook is not to know of a lobby.
  func isHidden(_ lobby: LobbyRef) -> Bool {
    sight == .own && machine.version(of: lobby) != machine.version
  }

  /// Those that the running script is told of.
  func listed(_ lobbies: [LobbyRef], for call: Call) -> [LobbyRef] {
    if sight == .everything { return lobbies }
    if unsafe call.raw.pointee.is_by_plugin, sight != .own { return lobbies }
    return lobbies.filter { machine.version(of: $0) == machine.version }
  }
}
