import CLinux
import Glibc

/// Peers in pairs, each of which sends its partner numbered messages at a steady rate, whatever the server does.
///
/// Each message is stamped when it is written, and looked at in full: who sent it, its number, how long it was on its
/// way and which version of the script has passed it on.
@safe
struct NumberedTraffic: ~Copyable {
  private static let inputBytes = 64 * 1024
  private static let eventsMax = 256
  /// The longest that a turn waits for messages, so the shortest time between two bunches of sending.
  private static let waitMilliseconds: Int32 = 1

  /// By versions, from 0, the messages that each has passed on.
  private(set) var byVersion = [Int](repeating: 0, count: ScriptFolder.versionCount)
  /// Messages that another version has passed on than the only one that can have.
  private(set) var misversioned = 0
  private(set) var connectionsLost = 0
  private(set) var latency = Histogram()
  var windows: PauseWindows
  /// The version that passes on what is sent from an instant on; nil while it changes.
  var settled: (version: Int, since: UInt64)?

  private let poller: Int32
  private var players: [Player]
  private let messagesPerSecond: Double
  private let start: UInt64
  /// How often it has been somebody's turn to send.
  private var turnsToSend = 0
  private var input: [UInt8]

  /// One socket at work.
  private struct Player {
    let descriptor: Int32
    let partner: Int
    /// The text of every message, and where in it the stamp is written.
    var text: [UInt8]
    let stampStart: Int
    var sent: UInt32 = 0
    var heard = Succession()
    /// A part of a frame.
    var carried: [UInt8] = []
    var isOpen = true
  }

  /// Takes over the seats' sockets. The windows are there to be told of every message.
  init(_ seats: [Seat], messagesPerSecond: Double, windows: PauseWindows) throws(BenchError) {
    self.messagesPerSecond = messagesPerSecond
    self.windows = windows
    input = Array(repeating: 0, count: Self.inputBytes)
    start = LoadGenerator.now()
    players = []
    poller = epoll_create1(0)
    for seat in seats {
      guard let data = seat.sends.utf8.firstRange(of: #""data":""#.utf8) else {
        throw .server("a message has no data to stamp: \(seat.sends)")
      }
      let start = seat.sends.utf8.distance(from: seat.sends.startIndex, to: data.upperBound)
      players.append(
        Player(descriptor: seat.descriptor, partner: seat.partner, text: Array(seat.sends.utf8), stampStart: start))
    }
    guard poller >= 0 else { throw .system(call: "epoll_create1", code: errno) }
    for index in players.indices {
      var event = unsafe epoll_event()
      unsafe event.events = EPOLLIN.rawValue
      unsafe event.data.u32 = UInt32(index)
      guard unsafe epoll_ctl(poller, EPOLL_CTL_ADD, players[index].descriptor, &event) == 0 else {
        throw .system(call: "epoll_ctl", code: errno)
      }
    }
  }

  deinit {
    for player in players where player.isOpen { IdleMemory.reset(player.descriptor) }
    if poller >= 0 { close(poller) }
  }

  // MARK: What has come of it

  var sent: Int { players.reduce(0) { $0 + Int($1.sent) } }
  var received: Int { players.reduce(0) { $0 + $1.heard.received } }
  var duplicated: Int { players.reduce(0) { $0 + $1.heard.duplicated } }
  var reordered: Int { players.reduce(0) { $0 + $1.heard.reordered } }
  var lost: Int { players.reduce(0) { $0 + $1.heard.lost(of: players[$1.partner].sent) } }

  // MARK: Turns

  /// Sends what is due and receives what is there. Waits a millisecond at most.
  mutating func turn() throws(BenchError) {
    let due = Int(Double(LoadGenerator.now() - start) / 1e9 * messagesPerSecond)
    while turnsToSend < due { try sendNext() }
    try receive()
  }

  /// Receives what is still on its way, sending nothing, until all has come or nothing more does for a while.
  mutating func drain(seconds: Double) throws(BenchError) {
    let end = LoadGenerator.now() + UInt64(seconds * 1e9)
    while lost > 0, LoadGenerator.now() < end {
      for _ in 0..<100 { try receive() }
    }
  }

  private mutating func receive() throws(BenchError) {
    var events = unsafe [epoll_event](repeating: epoll_event(), count: Self.eventsMax)
    let count = unsafe epoll_wait(poller, &events, Int32(Self.eventsMax), Self.waitMilliseconds)
    if count < 0, errno != EINTR { throw .system(call: "epoll_wait", code: errno) }
    for event in 0..<Int(max(0, count)) { try read(unsafe Int(events[event].data.u32)) }
  }

  // MARK: Sending

  private mutating func sendNext() throws(BenchError) {
    let index = turnsToSend % players.count
    turnsToSend += 1
    guard players[index].isOpen else { return }
    let stamp = Stamp(sender: UInt32(index), number: players[index].sent, nanoseconds: LoadGenerator.now())
    let place = players[index].stampStart
    players[index].text.replaceSubrange(place..<(place + Stamp.textBytes), with: stamp.text)
    try write(index, .text, players[index].text)
    players[index].sent += 1
  }

  private mutating func write(
    _ index: Int, _ opcode: ClientFrame.Opcode, _ payload: [UInt8]
  ) throws(BenchError) {
    let frame = ClientFrame.encode(opcode, payload)
    let done = unsafe frame.withUnsafeBytes {
      unsafe send(players[index].descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
    }
    if done == frame.count { return }
    if done < 0, errno == EPIPE || errno == ECONNRESET { return lose(index, "send: \(errorText(errno))") }
    throw .server("a peer's socket is full: the server has long stopped reading from it")
  }

  /// Tells the first few of them, as each has cost something already.
  private mutating func lose(_ index: Int, _ reason: String) {
    if connectionsLost < 3 { complain("bench: a connection was lost: \(reason)") }
    connectionsLost += 1
    players[index].isOpen = false
    close(players[index].descriptor)
  }

  // MARK: Receiving

  private mutating func read(_ index: Int) throws(BenchError) {
    let got = unsafe input.withUnsafeMutableBytes {
      unsafe recv(players[index].descriptor, $0.baseAddress, $0.count, 0)
    }
    if got < 0, errno == EAGAIN { return }
    guard got > 0 else { return lose(index, got < 0 ? "recv: \(errorText(errno))" : "the server closed it") }
    let time = LoadGenerator.now()
    var bytes = players[index].carried + input[..<got]
    walk: while players[index].isOpen {
      switch unsafe bytes.withUnsafeBytes({ unsafe ServerFrame.read($0) }) {
      case .partial: break walk
      case .broken: throw .server("the server sent a frame that no client may accept")
      case .whole(let frame):
        let payload = Array(bytes[frame.headerBytes..<frame.bytes])
        bytes.removeFirst(frame.bytes)
        switch frame.first {
        case ServerFrame.finalText: try take(index, payload, time)
        case 0x88: lose(index, "the server closed: \(closeText(payload))")
        case 0x89: try write(index, .pong, payload)
        default: throw .server("the server sent an unexpected frame that begins \(frame.first)")
        }
      }
    }
    players[index].carried = bytes
  }

  private mutating func take(_ index: Int, _ payload: [UInt8], _ time: UInt64) throws(BenchError) {
    guard let stamp = Stamp(in: payload), Int(stamp.sender) == players[index].partner,
      let version = ScriptFolder.version(in: payload)
    else {
      let text = String(decoding: payload.prefix(80), as: UTF8.self)
      throw .server("the server altered or misdirected a message; it begins \(text)")
    }
    players[index].heard.take(stamp.number)
    byVersion[version] += 1
    if let settled, stamp.nanoseconds >= settled.since, version != settled.version { misversioned += 1 }
    latency.record(time - stamp.nanoseconds)
    windows.note(from: stamp.nanoseconds, to: time)
  }
}
