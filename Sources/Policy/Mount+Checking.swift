import Lobby
import LuaHost

/// What only a check of scripts asks for.
extension Mount {
  /// The globals that scripts have; of those that are libraries, their members.
  public var globals: [String: Set<String>] { running.host.globals() }

  /// Runs a timer that nobody has started: of a plugin as `PLUGIN.NAME`.
  public func rehearse(timer name: String, of subject: Subject) {
    unsafe arguments[0] = lh_value(subject)
    let status = unsafe running.host.callTimer(Array(name.utf8), arguments, 1)
    finish(status, "timers." + name, running)
    depart()
  }

  /// A lobby of any name.
  public var anyLobby: LobbyRef? { unsafe core.pointee.machine.liveLobbies.first }
}

extension ScriptHost {
  fileprivate borrowing func globals() -> [String: Set<String>] {
    var names: [String: Set<String>] = [:]
    unsafe withUnsafeMutablePointer(to: &names) { names in
      unsafe list(names) { context, library, name in
        guard let context = unsafe context, let name = unsafe name else { return }
        let names = unsafe context.assumingMemoryBound(to: [String: Set<String>].self)
        let text = unsafe String(cString: name)
        if let library = unsafe library {
          unsafe names.pointee[String(cString: library), default: []].insert(text)
        } else if unsafe names.pointee[text] == nil {
          unsafe names.pointee[text] = []
        }
      }
    }
    return names
  }
}
