import Bytes
import Lobby
import Reactor
import WebSocket

/// Where a connection is in its life.
enum Phase: UInt8, CaseIterable {
  /// The PROXY header is still arriving; it says whose connection this is.
  case proxied
  /// The request head is still arriving.
  case handshake
  /// The operator's request is being worked on; its answer is to come.
  case awaiting
  /// A WebSocket; `peer` is set.
  case open
  /// Our close frame is out or waiting to be; the client's is awaited.
  case closing
  /// What waits is sent, then the end of the stream is awaited, so that nothing sent is lost to a reset.
  case draining
}

/// One accepted connection. Idle it owns no buffer.
struct Connection: ~Copyable {
  let stream: Stream
  /// The client's, as soon as it is known: until then, or where nobody says it, that of a trusted proxy.
  var host: HostAddress
  let generation: UInt32
  /// When it became a WebSocket, in seconds on the monotonic clock.
  var openedAt: UInt32 = 0
  var phase: Phase
  /// Interest in writing is on, because the kernel would not take everything.
  var isBlocked = false
  /// Something has arrived since the last keep-alive ping.
  var wasHeard = true
  /// Whole frames wait in `pending` for the next turn; nothing more is read until then.
  var isBacklogged = false
  /// The client has ended its side while something still waits to be sent: only writing is watched.
  var isEnded = false
  /// The output side is shut down.
  var isShut = false
  /// Whom its listener was for, and the index of the mount that it belongs to: with a listener of all mounts once its
  /// request has been read.
  let purpose: ListenerPurpose
  var mount: Int?
  var peer = PeerRef(slot: 0, generation: 0)
  var inbound: Inbound
  /// What has arrived of a head or frame that is not complete.
  var pending = ByteQueue()
  /// When something has to happen, in milliseconds, and the earliest entry in the schedule for it.
  var deadline: UInt64
  var scheduled: UInt64 = .max
  var allowance = Allowance()
  /// Since when a message has been arriving that is not complete, and since when nothing has been taken of what waits.
  var arriving = Since()
  var stalled = Since()
  /// Memory of `pending` and `inbound` that the outbox's buffers know of.
  var counted: UInt32 = 0
  /// What of an answer is still to be read; nil for none.
  var file: OpenFile?

  init(
    stream: consuming Stream, host: HostAddress, phase: Phase = .handshake, purpose: ListenerPurpose,
    generation: UInt32, limits: RelayLimits, deadline: UInt64
  ) {
    self.stream = stream
    self.host = host
    self.phase = phase
    self.purpose = purpose
    if case .mount(let index) = purpose { mount = index }
    self.generation = generation
    inbound = Inbound(
      role: .server, messageBytesMax: limits.messageBytes, fragmentsMax: limits.fragmentsPerMessage)
    self.deadline = deadline
  }
}

/// What one peer has sent in the second that runs, against what it may send in any.
struct Allowance {
  private var messages: Int32 = 0
  private var bytes: Int32 = 0
  private var controlFrames: UInt16 = 0
  private var second: UInt32 = .max

  /// Counts a message of `count` bytes. Whether it is still within the limits (0 = none).
  mutating func spend(_ count: Int, now: UInt64, messagesMax: Int, bytesMax: Int) -> Bool {
    begin(now)
    messages = Int32(clamping: Int(messages) + 1)
    bytes = Int32(clamping: Int(bytes) + count)
    return (messagesMax == 0 || messages <= messagesMax) && (bytesMax == 0 || bytes <= bytesMax)
  }

  /// Counts a ping or pong.
  mutating func spendControl(now: UInt64, most: Int) -> Bool {
    begin(now)
    controlFrames = UInt16(clamping: Int(controlFrames) + 1)
    return most == 0 || controlFrames <= most
  }

  private mutating func begin(_ now: UInt64) {
    let current = UInt32(truncatingIfNeeded: now / 1000)
    guard current != second else { return }
    second = current
    messages = 0
    bytes = 0
    controlFrames = 0
  }
}
