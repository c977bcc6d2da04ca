import Bytes
import Lobby
import LuaHost

/// A close that a hook has asked for, waiting for its commit.
struct StagedClose {
  let peer: PeerRef
  let code: UInt16?
  let reason: [UInt8]
  /// What a slow reader has reached, with its value; nil for others.
  var limit: String?
}

/// Everything that Lua can reach through the API. It lives at a fixed address, because C calls back with
/// a pointer to it; each such call is one exclusive access, and none is under way when a hook is called.
struct MountCore: ~Copyable {
  static let countersMax = 256

  var machine: LobbyMachine
  let outbox: Outbox
  let limits: MountLimits
  var random: RandomSource
  var counters = MountCounters()
  var countersBefore = CounterJournal()
  let report: (MountEvent) -> Void

  /// The outlet and the address of each peer, by peer slot.
  var outlets: [UInt32] = []
  var addresses: [String] = []
  var closes: [StagedClose] = []
  var kept = KeptPeers()
  /// Bytes of held messages that the outbox's buffers know of.
  private var heldCounted = 0

  /// Time as the last event found it: monotonic milliseconds, and seconds since 1970.
  var now: UInt64 = 0
  var wallSeconds = 0.0

  var message = MessageView()
  var request: RequestView?
  var results = ResultBuffer()
  /// A string whose escapes had to be undone; valid until the next one.
  var unescaped = ByteQueue()
  /// What the running hook may do with other versions' lobbies, and the version that is to run the event instead.
  var sight = LobbySight.everything
  var elsewhere: UInt32?
  /// Where `require` looks.
  var modules: ModuleFolder

  init(
    limits: MountLimits, outbox: Outbox, random: RandomSource, modules: consuming ModuleFolder,
    report: @escaping (MountEvent) -> Void
  ) {
    self.modules = modules
    machine = LobbyMachine(limits: limits.lobbies)
    self.outbox = outbox
    self.limits = limits
    self.random = random
    self.report = report
  }

  /// The mount is gone, and what it held.
  deinit { outbox.buffers.bytes -= heldCounted }

  /// Whether there is memory for holding a message of so many bytes.
  func mayHold(_ count: Int) -> Bool {
    let uncounted = machine.heldByteCount - heldCounted
    return outbox.buffers.mayGrow(from: machine.heldByteCount, by: uncounted + count)
  }

  /// Whether messages still go out to this peer. Inlined, as a call would copy all of this struct first.
  @inline(__always)
  func isOpen(_ peer: PeerRef) -> Bool {
    machine.isLive(peer) && !machine.isClosing(peer) && outbox.state(of: outlets[Int(peer.slot)]) == .open
  }

  /// Makes what the hook did final. The closes it asked for are answered by the caller.
  mutating func commit() {
    machine.commit()
    outbox.commit()
    countersBefore.commit(counters)
    if machine.heldByteCount != heldCounted { countHeld() }
  }

  /// Notes the memory of held messages among the buffers. A hook that is taken back has changed nothing.
  @inline(never)
  private mutating func countHeld() {
    // For the thread sanitizer alone: Swift 6.3 cannot compile writing through a `let` of self (swiftlang/swift#86265).
    let outbox = outbox
    outbox.buffers.bytes += machine.heldByteCount - heldCounted
    heldCounted = machine.heldByteCount
  }

  mutating func rollback() {
    machine.rollback()
    outbox.rollback()
    countersBefore.rollback(&counters)
    closes.removeAll(keepingCapacity: true)
    kept.forgetWishes()
  }

  // MARK: Peers

  mutating func addPeer(outlet: UInt32, address: String) -> PeerRef {
    let peer = machine.addPeer()
    let slot = Int(peer.slot)
    if slot == outlets.count {
      outlets.append(outlet)
      addresses.append(address)
    } else {
      outlets[slot] = outlet
      addresses[slot] = address
    }
    return peer
  }

  /// Sets what on_upgrade has attached; false when that is more than the limits allow.
  mutating func attach(_ attributes: [Attachment], to peer: PeerRef) -> Bool {
    do throws(Refusal) {
      for attribute in attributes {
        try machine.setAttribute(attribute.name, of: .peer(peer), to: attribute.value)
      }
      machine.commit()
      return true
    } catch {
      machine.rollback()
      return false
    }
  }

  /// Whether the peer is there and this is its connection, which another may have taken over.
  func has(_ peer: PeerRef, outlet: UInt32) -> Bool {
    machine.isLive(peer) && outlets[Int(peer.slot)] == outlet
  }

  /// Marks a peer that is about to leave; false when that has happened before.
  mutating func leaveSoon(_ peer: PeerRef) -> Bool {
    guard !machine.isClosing(peer) else { return false }
    machine.markClosing(peer)
    machine.commit()
    return true
  }

  /// The closes that are to be carried out now, by the last hook or because it failed. No longer taken back.
  mutating func takeCloses() -> [StagedClose] {
    if closes.isEmpty { return [] }
    machine.commit()
    defer { closes = [] }
    return closes
  }

  /// Puts the close frame behind everything that was sent before.
  mutating func writeClose(_ close: StagedClose) {
    guard machine.isLive(close.peer) else { return }
    let outlet = outlets[Int(close.peer.slot)]
    if let limit = close.limit { report(.closedAtLimit(outlet: outlet, limit: limit)) }
    unsafe close.reason.withUnsafeBytes { reason in
      unsafe outbox.appendClose(to: outlet, code: close.code, reason: reason)
    }
  }
}
