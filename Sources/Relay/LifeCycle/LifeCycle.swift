import Reactor

/// How a relay comes and goes. Times are monotonic milliseconds.
struct LifeCycle: ~Copyable {
  /// Who wants to know how the relay is; nil for nobody, and for one that another relay has taken over from.
  var service: ServiceManager?
  /// When the service manager wants to hear of a loop that turns.
  var watchdogAt: UInt64 = .max
  /// The relay before this one, until it has let go.
  var predecessor: Predecessor?
  /// What is started to take over; nil when nobody knows where it is.
  var program: Program?
  /// The relay that is to take over.
  var handOver: HandOver?
  /// When that one has had its time.
  var handOverEnds: UInt64 = .max
  var drain: Drain?

  /// When something of this is to be looked at; `UInt64.max` for never.
  var dueAt: UInt64 {
    min(watchdogAt, handOverEnds, drain?.lookAt ?? .max)
  }
}

/// The end of a relay that waits for lobbies to finish.
struct Drain {
  /// How often is looked who is left, and how often that is told.
  static let lookMilliseconds: UInt64 = 250
  static let tellMilliseconds: UInt64 = 10_000
  /// Those who are in no lobby then are closed: whoever had just connected has had the time to join.
  static let sparedMilliseconds: UInt64 = 2000
  /// How long one takes for which nobody has said it.
  static let defaultSeconds = 60
  static let secondsMax = 7 * 86_400

  /// The process that has taken over; nil when none has.
  let successor: Int?
  /// It has had a signal to end since.
  var isSignalled = false
  let sparedUntil: UInt64
  var ends: UInt64
  var lookAt: UInt64
  var tellAt: UInt64

  init(now: UInt64, seconds: Int, successor: Int?) {
    self.successor = successor
    ends = now + UInt64(seconds) * 1000
    sparedUntil = now + Self.sparedMilliseconds
    lookAt = now
    tellAt = now + Self.tellMilliseconds
  }
}

/// A relay that is about to take over, and whom that is told.
struct HandOver: ~Copyable {
  var successor: Successor
  /// Nil for a signal.
  let client: Token?
  /// How long this one drains then.
  let seconds: Int
}
