import Lobby
import LuaHost

extension Mount {
  /// Tells every version that runs that nobody new comes any longer, and that the relay ends after so many seconds at
  /// the latest.
  public func drain(seconds: Int) {
    observed(.drain(seconds: seconds), MountAnswer.nothing) {
      for number in [running.number] + elders.map({ $0.version.number }) {
        withVersion(number, seeing: elders.isEmpty ? .everything : .unlisted) { version in
          unsafe arguments[0] = lh_value(Int64(seconds))
          let status = timed(Int(LH_ON_DRAIN.rawValue), version.host, version.places) { host in
            unsafe host.call(LH_ON_DRAIN, arguments, 1)
          }
          finish(status, "on_drain", version)
        }
      }
      depart()
    }
  }

  /// Whether a peer has something to finish.
  public func isInLobby(_ peer: PeerRef) -> Bool {
    unsafe core.pointee.machine.isLive(peer) && core.pointee.machine.membershipCount(peer) > 0
  }
}
