import Policy
import Reactor

/// How long the turns of the loop take, and how late they are.
struct LoopTimes {
  /// Of so many turns one is timed: at little traffic each message is a turn.
  static let turnsPerSample = 16

  private(set) var turns = DurationHistogram()
  /// Of the first deadline of a turn that was due.
  private(set) var lag = DurationHistogram()
  /// Turns that were ended before everything was done, so that everybody gets theirs.
  private(set) var longTurns: UInt64 = 0
  private var untilSample = turnsPerSample
  /// Of the turn that runs, in nanoseconds; nil when it is not timed.
  private var beganAt: UInt64?

  @inline(__always)
  mutating func begin() {
    untilSample &-= 1
    if untilSample == 0 {
      untilSample = Self.turnsPerSample
      beganAt = Clock.nanoseconds
    }
  }

  @inline(__always)
  mutating func end(isTurnOver: Bool) {
    if isTurnOver { longTurns += 1 }
    if let beganAt {
      turns.note(nanoseconds: Clock.nanoseconds - beganAt)
      self.beganAt = nil
    }
  }

  mutating func noteLag(milliseconds: UInt64) { lag.note(nanoseconds: milliseconds * 1_000_000) }
}
