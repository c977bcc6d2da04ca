import CLinux
import Glibc

/// The event loop's heart: an epoll instance and room for the events of one turn.
///
/// Pull style: the owner waits, then asks for each event by index and switches over it. Nothing is allocated per
/// event. When more than ``eventsMax`` descriptors are ready, the kernel hands out the others at the next wait.
@safe
public struct Reactor: ~Copyable {
  /// Events of one turn.
  public static var eventsMax: Int { 512 }

  private let epoll: Descriptor
  /// `eventsMax` events, allocated once and freed with this value; the first `ready` are initialised by the kernel.
  private let events: UnsafeMutablePointer<epoll_event>
  private var ready = 0

  /// epoll_create1(2)
  public init() throws(SystemError) {
    let number = epoll_create1(Int32(EPOLL_CLOEXEC))
    guard number >= 0 else { throw SystemError("epoll_create1", errno) }
    epoll = Descriptor(adopting: number)
    unsafe events = .allocate(capacity: Self.eventsMax)
    unsafe events.initialize(repeating: epoll_event(), count: Self.eventsMax)
  }

  deinit { unsafe events.deallocate() }

  /// Starts to watch. Each descriptor may be added once; closing it removes it.
  public mutating func add(
    _ descriptor: borrowing Descriptor, _ interest: Interest, _ token: Token
  ) throws(SystemError) {
    try control(EPOLL_CTL_ADD, descriptor, interest, token)
  }

  /// Changes interest or token of a watched descriptor.
  public mutating func modify(
    _ descriptor: borrowing Descriptor, _ interest: Interest, _ token: Token
  ) throws(SystemError) {
    try control(EPOLL_CTL_MOD, descriptor, interest, token)
  }

  /// Stops watching. An event of the current turn may still be due: the token's generation tells.
  public mutating func remove(_ descriptor: borrowing Descriptor) throws(SystemError) {
    try control(EPOLL_CTL_DEL, descriptor, .none, Token(slot: 0, generation: 0))
  }

  /// epoll_ctl(2)
  private func control(
    _ operation: Int32, _ descriptor: borrowing Descriptor, _ interest: Interest, _ token: Token
  ) throws(SystemError) {
    var event = unsafe epoll_event()
    unsafe event.events = interest.rawValue
    unsafe event.data.u64 = token.bits
    // The kernel copies the event during the call; the pointer is to a local.
    guard unsafe epoll_ctl(epoll.number, operation, descriptor.number, &event) == 0 else {
      throw SystemError("epoll_ctl", errno)
    }
  }

  /// Waits until something is ready or `deadline` passes, and answers the number of events. The only call that blocks.
  ///
  /// `deadline` is in milliseconds of ``Clock``; one in the past only looks, nil waits for ever.
  /// The events of the turn before are forgotten. epoll_wait(2)
  ///
  /// `now` is what the caller read from the clock last; the wait is longer by the time that has passed since.
  public mutating func wait(until deadline: UInt64?, now: UInt64 = Clock.milliseconds) throws(SystemError) -> Int {
    ready = 0
    var now = now
    while true {
      // `events` has room for `eventsMax` and outlives the call.
      let count = unsafe epoll_wait(epoll.number, events, Int32(Self.eventsMax), Self.timeout(until: deadline, now))
      if count > 0 {
        ready = Int(count)
        return ready
      }
      if count < 0 {
        let code = errno
        guard code == EINTR else { throw SystemError("epoll_wait", code) }
      }
      // An interruption, or a wait so long that its time-out did not fit: look at the clock again.
      now = Clock.milliseconds
      if let deadline, deadline <= now { return 0 }
    }
  }

  /// The event at `index` of this turn, which must be below the number that ``wait(until:)`` answered.
  public func event(_ index: Int) -> Event {
    precondition(index >= 0 && index < ready)
    // Below `ready`, so initialised by the kernel in this turn; `u64` is the only member this file ever stores.
    let event = unsafe events[index]
    return unsafe Event(token: Token(bits: event.data.u64), flags: event.events)
  }

  /// Milliseconds for epoll_wait. The clock rounds down and epoll_wait never wakes early, so a deadline has truly
  /// passed when the wait ends, by less than two milliseconds on an idle machine.
  private static func timeout(until deadline: UInt64?, _ now: UInt64) -> Int32 {
    guard let deadline else { return -1 }
    return deadline <= now ? 0 : Int32(clamping: deadline - now)
  }
}

@available(*, unavailable, message: "The loop belongs to one thread; Wakeup reaches it from another.")
extension Reactor: Sendable {}
