import Lobby
import Policy
import WebSocket

/// Listens to the messages that the members of one lobby are sent. It is there only while the operator looks at it.
final class Tail: MountObserver, OutboxObserver {
  /// Different messages that are kept of one event.
  private static let passagesMax = 32

  let wantsOneVersion = false
  let mount: Mount
  let name: [UInt8]
  let keepsPayloads: Bool
  /// When somebody has asked last, in monotonic milliseconds.
  var askedAt: UInt64
  private let lobby: LobbyRef
  /// Who has a connection of the mount.
  private let peer: (UInt32) -> PeerRef?
  private(set) var ring: TailRing
  private var event: TailedEvent?
  private var inflater = Inflater()

  /// - Parameter wallSeconds: since 1970.
  init(
    of lobby: LobbyRef, named name: [UInt8], at mount: Mount, keepsPayloads: Bool, now: UInt64, wallSeconds: Double,
    peer: @escaping (UInt32) -> PeerRef?
  ) {
    self.mount = mount
    self.lobby = lobby
    self.name = name
    self.keepsPayloads = keepsPayloads
    self.peer = peer
    askedAt = now
    // So that they go up from one tail to the next, and over a restart.
    ring = TailRing(after: UInt64(max(0, wallSeconds) * 1000))
  }

  var isLobbyThere: Bool { mount.isLive(lobby) }

  func begins(_ input: MountInput, milliseconds: UInt64, wallSeconds: Double) {
    guard isLobbyThere else { return }
    let outlet: UInt32? =
      switch input {
      case .message(let outlet, _, _), .connect(let outlet, _), .disconnect(let outlet, _, _, _): outlet
      default: nil
      }
    event = TailedEvent(at: wallSeconds, by: outlet, id: outlet.flatMap { id(of: $0) })
  }

  func sends(_ frames: UnsafeMutableRawBufferPointer, to outlet: UInt32) {
    guard event != nil else { return }
    var inbound = Inbound(role: .client, messageBytesMax: 0)
    inbound.acceptCompressed()
    var offset = 0
    while true {
      switch unsafe inbound.next(frames, at: &offset) {
      case .message(let isBinary, let payload):
        unsafe hear(UnsafeRawBufferPointer(payload), isBinary: isBinary, by: outlet)
      case .compressed(let isBinary, let payload):
        guard case .message(let plain) = unsafe inflater.inflate(payload, bytesMax: 0) else { return }
        unsafe hear(UnsafeRawBufferPointer(plain), isBinary: isBinary, by: outlet)
      case .ping, .pong: continue
      case .close, .incomplete, .violation: return
      }
    }
  }

  private func hear(_ payload: UnsafeRawBufferPointer, isBinary: Bool, by outlet: UInt32) {
    if unsafe event?.add(outlet, toPassageOf: payload, isBinary: isBinary) ?? true { return }
    guard let count = event?.heard.count, count < Self.passagesMax else { return }
    let passage = unsafe TailedPassage(payload, isBinary: isBinary, keepingPayload: keepsPayloads)
    unsafe event?.heard.append(TailedEvent.Heard(passage, payload, outlet))
  }

  func ends(_ answer: MountAnswer, drawn: [UInt64]) {
    guard let event = event.take(), isLobbyThere else { return }
    // A newcomer is not listed as a connection's peer before the event is over.
    var newcomer: PeerRef?
    if case .connect(let peer) = answer { newcomer = peer }
    func member(_ outlet: UInt32) -> MemberID? {
      if outlet == event.outlet, let newcomer { return mount.id(of: newcomer, in: lobby) }
      return id(of: outlet)
    }
    let from = event.id ?? event.outlet.flatMap(member)
    for heard in event.heard {
      let to = heard.outlets.compactMap(member)
      if !to.isEmpty { ring.append(heard.passage, at: event.at, from: from, to: to) }
    }
  }

  /// The id in the lobby of whoever has a connection.
  private func id(of outlet: UInt32) -> MemberID? { peer(outlet).flatMap { mount.id(of: $0, in: lobby) } }
}

/// What a tail hears of one event.
struct TailedEvent {
  /// One message and the connections that it goes to.
  struct Heard {
    let passage: TailedPassage
    /// Tells messages of one event apart that are equally long.
    private let digest: Int
    fileprivate(set) var outlets: [UInt32]

    init(_ passage: TailedPassage, _ payload: UnsafeRawBufferPointer, _ outlet: UInt32) {
      self.passage = passage
      digest = unsafe Self.digest(of: payload)
      outlets = [outlet]
    }

    fileprivate func isSame(_ payload: UnsafeRawBufferPointer, _ digest: Int, isBinary: Bool) -> Bool {
      passage.bytes == payload.count && passage.isBinary == isBinary && self.digest == digest
    }

    fileprivate static func digest(of payload: UnsafeRawBufferPointer) -> Int {
      var hasher = Hasher()
      unsafe hasher.combine(bytes: payload)
      return hasher.finalize()
    }
  }

  /// Seconds since 1970.
  let at: Double
  /// Whose event it is, and their id in the lobby before it.
  let outlet: UInt32?
  let id: MemberID?
  var heard: [Heard] = []

  init(at: Double, by outlet: UInt32?, id: MemberID?) {
    self.at = at
    self.outlet = outlet
    self.id = id
  }

  /// Notes one more connection for a message that has been heard; false for a new one.
  mutating func add(_ outlet: UInt32, toPassageOf payload: UnsafeRawBufferPointer, isBinary: Bool) -> Bool {
    guard !heard.isEmpty else { return false }
    let digest = unsafe Heard.digest(of: payload)
    guard let index = heard.firstIndex(where: { unsafe $0.isSame(payload, digest, isBinary: isBinary) }) else {
      return false
    }
    heard[index].outlets.append(outlet)
    return true
  }
}
