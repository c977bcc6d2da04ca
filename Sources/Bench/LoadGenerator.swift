import CLinux
import Glibc

/// Keeps messages flying between seats and measures how long each was under way.
///
/// Every pair (or echo socket) has a bunch of balls. Whoever has received the whole bunch returns it with one
/// write, so every server gets its input in the same portions, however it portions its output. Frames are masked
/// beforehand and all alike on a seat: a write is a stretch of a prepared block. What comes in is measured by its
/// header only, but the first message of every seat and every 4096th after it is compared in full.
@safe
struct LoadGenerator: ~Copyable {
  static let inputBytes = 256 * 1024
  static let checkInterval = 4096
  /// Room for a frame's header and for what a server may add to a message, such as longer ids.
  static let frameSlackBytes = 256
  static let eventsMax = 256

  private(set) var received: UInt64 = 0
  private(set) var sent: UInt64 = 0
  private(set) var reads: UInt64 = 0
  private(set) var checked: UInt64 = 0
  private(set) var latency = Histogram()

  private let balls: Int
  private let carryBytes: Int
  private let poller: Int32
  private var players: [Player] = []
  private var expectations: [Expectation] = []

  // Invariant: `input` has room for a carried part of a frame and one read; `carried` has `carryBytes` for each
  // player; `blocks` holds, for each player, as many copies of its frame as it has balls.
  private let input: UnsafeMutableRawPointer
  private let carried: UnsafeMutableRawPointer
  private let blocks: UnsafeMutableRawPointer

  /// One socket at work.
  private struct Player {
    let descriptor: Int32
    let partner: Int
    let blockStart: Int
    let frameBytes: Int
    /// Bytes that are due but not written yet, and how far into a frame the next of them is.
    var owedBytes = 0
    var phase = 0
    var waitsToWrite = false
    var carriedBytes = 0
    /// The length that every message must have; 0 before the first.
    var payloadBytes = 0
    var untilCheck = 0
    /// Balls of the bunch that have arrived, and when this player last threw one.
    var gathered = 0
    var thrownNanoseconds: UInt64 = 0
  }

  /// Takes over the seats' sockets. `balls` is the number of messages in flight per pair or echo socket.
  init(_ seats: [Seat], balls: Int) throws(BenchError) {
    let frames = seats.map { ClientFrame.encode(.text, Array($0.sends.utf8)) }
    self.balls = balls
    carryBytes = (frames.map(\.count).max() ?? 0) + Self.frameSlackBytes
    unsafe input = .allocate(byteCount: carryBytes + Self.inputBytes, alignment: 64)
    unsafe carried = .allocate(byteCount: max(1, carryBytes * seats.count), alignment: 64)
    unsafe blocks = .allocate(byteCount: max(1, frames.reduce(0) { $0 + $1.count * balls }), alignment: 64)
    poller = epoll_create1(0)

    var start = 0
    for (seat, frame) in zip(seats, frames) {
      players.append(
        Player(descriptor: seat.descriptor, partner: seat.partner, blockStart: start, frameBytes: frame.count))
      expectations.append(seat.expects)
      for _ in 0..<balls {
        unsafe frame.withUnsafeBytes { unsafe (blocks + start).copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
        start += frame.count
      }
    }
    guard poller >= 0 else { throw .system(call: "epoll_create1", code: errno) }
    for index in players.indices { try watch(index, EPOLL_CTL_ADD, EPOLLIN.rawValue) }
  }

  deinit {
    for player in players { close(player.descriptor) }
    if poller >= 0 { close(poller) }
    unsafe input.deallocate()
    unsafe carried.deallocate()
    unsafe blocks.deallocate()
  }

  static func now() -> UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  /// Throws all balls: the first seat of each pair has them.
  mutating func start() throws(BenchError) {
    for index in players.indices where index <= players[index].partner { try throwBunch(index, Self.now()) }
  }

  /// Forgets the latencies so far, as after the warm-up.
  mutating func forgetLatencies() { latency = Histogram() }

  /// Plays for `seconds`.
  mutating func play(seconds: Double) throws(BenchError) {
    let end = Self.now() + UInt64(seconds * 1e9)
    var events = unsafe [epoll_event](repeating: epoll_event(), count: Self.eventsMax)
    while true {
      let count = unsafe epoll_wait(poller, &events, Int32(Self.eventsMax), 100)
      if count < 0, errno != EINTR { throw .system(call: "epoll_wait", code: errno) }
      for event in 0..<Int(max(0, count)) {
        let index = unsafe Int(events[event].data.u32)
        if unsafe events[event].events & EPOLLOUT.rawValue != 0 { try write(index) }
        if unsafe events[event].events & ~EPOLLOUT.rawValue != 0 { try read(index) }
      }
      if Self.now() >= end { return }
    }
  }

  private func watch(_ index: Int, _ operation: Int32, _ events: UInt32) throws(BenchError) {
    var event = unsafe epoll_event()
    unsafe event.events = events
    unsafe event.data.u32 = UInt32(index)
    let status = unsafe epoll_ctl(poller, operation, players[index].descriptor, &event)
    guard status == 0 else { throw .system(call: "epoll_ctl", code: errno) }
  }

  private mutating func throwBunch(_ index: Int, _ time: UInt64) throws(BenchError) {
    players[index].gathered = 0
    players[index].thrownNanoseconds = time
    players[index].owedBytes += balls * players[index].frameBytes
    sent += UInt64(balls)
    if !players[index].waitsToWrite { try write(index) }
  }

  /// Writes what is owed, in one call unless the socket is full.
  private mutating func write(_ index: Int) throws(BenchError) {
    var player = players[index]
    defer { players[index] = player }
    while player.owedBytes > 0 {
      let count = min(player.owedBytes, balls * player.frameBytes - player.phase)
      let done = unsafe send(
        player.descriptor, blocks + player.blockStart + player.phase, count, Int32(MSG_NOSIGNAL))
      if done < 0 {
        guard errno == EAGAIN else { throw .system(call: "send", code: errno) }
        if !player.waitsToWrite { try watch(index, EPOLL_CTL_MOD, EPOLLIN.rawValue | EPOLLOUT.rawValue) }
        player.waitsToWrite = true
        return
      }
      player.owedBytes -= done
      player.phase = (player.phase + done) % player.frameBytes
    }
    if player.waitsToWrite { try watch(index, EPOLL_CTL_MOD, EPOLLIN.rawValue) }
    player.waitsToWrite = false
  }

  private mutating func read(_ index: Int) throws(BenchError) {
    let before = players[index].carriedBytes
    if before > 0 { unsafe input.copyMemory(from: carried + index * carryBytes, byteCount: before) }
    let got = unsafe recv(players[index].descriptor, input + before, Self.inputBytes, 0)
    if got < 0, errno == EAGAIN { return }
    if got < 0 { throw .system(call: "recv", code: errno) }
    if got == 0 { throw .server("the server closed a connection during the measurement") }
    let time = Self.now()
    reads += 1

    let (count, taken) = try parse(index, before + got)
    let left = before + got - taken
    guard left <= carryBytes else { throw .server("the server sent a frame that is longer than any message") }
    if left > 0 { unsafe (carried + index * carryBytes).copyMemory(from: input + taken, byteCount: left) }
    players[index].carriedBytes = left
    guard count > 0 else { return }
    received += UInt64(count)
    latency.record(time - players[players[index].partner].thrownNanoseconds, times: count)
    players[index].gathered += count
    guard players[index].gathered <= balls else { throw .server("the server sent more messages than it was given") }
    if players[index].gathered == balls { try throwBunch(index, time) }
  }

  /// Walks over the whole frames at the front of `input`. Returns how many were messages and where the walk ended.
  private mutating func parse(_ index: Int, _ bytes: Int) throws(BenchError) -> (messages: Int, taken: Int) {
    var at = 0
    var messages = 0
    var untilCheck = players[index].untilCheck
    let payloadBytes = players[index].payloadBytes
    walk: while true {
      switch unsafe ServerFrame.read(UnsafeRawBufferPointer(start: input + at, count: bytes - at)) {
      case .partial: break walk
      case .broken: throw .server("the server sent a frame that no client may accept")
      case .whole(let frame):
        let payload = unsafe UnsafeRawBufferPointer(start: input + at + frame.headerBytes, count: frame.payloadBytes)
        at += frame.bytes
        guard frame.first == ServerFrame.finalText else {
          try unsafe control(index, frame, payload)
          continue
        }
        messages += 1
        if untilCheck == 0 || frame.payloadBytes != payloadBytes {
          try unsafe check(index, payload)
          untilCheck = Self.checkInterval
        }
        untilCheck -= 1
      }
    }
    players[index].untilCheck = untilCheck
    return (messages, at)
  }

  private mutating func check(_ index: Int, _ payload: UnsafeRawBufferPointer) throws(BenchError) {
    guard unsafe expectations[index].accepts(Array(payload)) else {
      let text = unsafe String(decoding: payload.prefix(80), as: UTF8.self)
      throw .server("the server altered or misdirected a message; it begins \(text)")
    }
    players[index].payloadBytes = payload.count
    checked += 1
  }

  /// A ping is answered unless a write is stuck half-way; the server's next one will be.
  private func control(_ index: Int, _ frame: ServerFrame, _ payload: UnsafeRawBufferPointer) throws(BenchError) {
    switch frame.first {
    case 0x88: throw unsafe .server("the server closed: \(closeText(Array(payload)))")
    case 0x89 where players[index].owedBytes == 0:
      let pong = unsafe ClientFrame.encode(.pong, Array(payload))
      let done = unsafe pong.withUnsafeBytes {
        unsafe send(players[index].descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard done == pong.count else { throw .system(call: "send a pong", code: errno) }
    case 0x89, 0x8A: return
    default: throw .server("the server sent an unexpected frame that begins \(frame.first)")
    }
  }
}
