import Reactor

/// What of a turn goes to one kind of work: what may be much at once waits for the next turn then, so that what others
/// have said is not held up by it.
struct TimeSlice {
  private let ends: UInt64

  init(microseconds: UInt64) { ends = Clock.nanoseconds + microseconds * 1000 }

  var isOver: Bool { Clock.nanoseconds >= ends }
}
