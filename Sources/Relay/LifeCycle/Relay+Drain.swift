import HTTP
import Policy
import Reactor
import WebSocket

/// An end that waits: nobody new comes in, lobbies finish, and whoever is left when the time is over is closed.
extension Relay {
  /// Connections that are closed in one turn for being in no lobby: the others are served in between.
  private static let goodbyesPerTurn = 256

  /// What a service manager's SIGTERM means. It is for all processes of a service: one that has been taken over from
  /// goes on for as long as the one that has taken over; if that has crashed, it is not to keep it from being restarted.
  func end() {
    guard limits.drainMilliseconds > 0 else { return shutDown() }
    guard let drain = life.drain else { return self.drain(seconds: drainSeconds) }
    guard let successor = drain.successor, !drain.isSignalled, ChildProcess.isThere(successor) else {
      return shutDown()
    }
    life.drain?.isSignalled = true
    life.drain?.ends = min(drain.ends, now + UInt64(limits.drainMilliseconds))
    tellDrain()
  }

  /// How long a drain takes unless somebody says otherwise.
  var drainSeconds: Int {
    limits.drainMilliseconds > 0 ? (limits.drainMilliseconds + 999) / 1000 : Drain.defaultSeconds
  }

  /// Begins to drain, or gives a drain another time. No time at all is a shutdown.
  func drain(seconds: Int, successor: Int? = nil) {
    abandonHandOver("the relay drains")
    abandonTrial()
    guard seconds > 0 else { return shutDown() }
    if life.drain == nil {
      readiness = .notReady("draining")
      for place in listeners.places where successor != nil || listeners[place]?.purpose != .operator {
        close(listener: place)
      }
    }
    life.drain = Drain(now: now, seconds: seconds, successor: successor ?? life.drain?.successor)
    tellDrain()
    for mount in mounts.all { mount.drain(seconds: seconds) }
  }

  /// Looks who is left, when that is due.
  func continueDrain() {
    guard let drain = life.drain, now >= drain.lookAt, graceEnds == nil else { return }
    let left = clientCount
    if left == 0 || now >= drain.ends {
      log.info(left == 0 ? "drained: nobody is left" : "the time for draining is over: \(left) connections are left")
      return shutDown()
    }
    let isDone = now < drain.sparedUntil || closeIdle(drain)
    life.drain?.lookAt = isDone ? min(now + Drain.lookMilliseconds, drain.ends) : now
    if now >= drain.tellAt {
      life.drain?.tellAt = now + Drain.tellMilliseconds
      tellDrain()
    }
  }

  private func tellDrain() {
    guard let drain = life.drain else { return }
    let seconds = (drain.ends - min(now, drain.ends) + 999) / 1000
    log.info("draining: \(clientCount) connections are left, at most for \(seconds) s")
    // A service manager that ends a service would not wait for longer than it is told. sd_notify(3)
    let microseconds = (seconds * 1000 + UInt64(limits.graceMilliseconds)) * 1000
    life.service?.tell(
      "STOPPING=1", "STATUS=draining: \(clientCount) connections are left", "EXTEND_TIMEOUT_USEC=\(microseconds)")
  }

  /// Connections that have something to finish, or may have soon.
  var clientCount: Int {
    (0..<UInt32(connections.slotCount)).count { slot in
      guard connections.isLive(slot), connections[slot].purpose != .operator else { return false }
      switch connections[slot].phase {
      case .proxied, .handshake, .open: return true
      case .awaiting, .closing, .draining: return false
      }
    }
  }

  /// Closes those who are in no lobby, and so have nothing to finish; false when there may be more of them.
  private func closeIdle(_ drain: Drain) -> Bool {
    let reason = drain.successor != nil ? "The server is being replaced: connect again" : "The server is shutting down"
    var left = Self.goodbyesPerTurn
    for slot in 0..<UInt32(connections.slotCount) where connections.isLive(slot) && connections[slot].phase == .open {
      if mount(of: slot).isInLobby(connections[slot].peer) { continue }
      close(slot, code: CloseCode.goingAway, reason: reason)
      left -= 1
      if left == 0 { return false }
    }
    return true
  }

  /// `POST /drain`
  func drain(_ request: OperatorRequest) throws(OperatorAnswer) -> RequestAnswer? {
    let members = try RequestMembers(request.body, names: ["seconds"])
    let seconds = try members.integer("seconds", in: 0...Drain.secondsMax) ?? drainSeconds
    guard graceEnds == nil else { throw OperatorAnswer(409, error: "the relay is shutting down already") }
    let left = clientCount
    // A shutdown drops those who have not said what they want; this one has.
    connections[request.slot].phase = .awaiting
    drain(seconds: seconds)
    return OperatorAnswer(200, .object([("seconds", .integer(seconds)), ("connections", .integer(left))])).response
  }
}
