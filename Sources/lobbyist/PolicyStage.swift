import Bytes
import Conversation
import HTTP
import Lobby
import Policy
import Relay
import WebSocket

/// Plays conversations on a policy inside this process: real handshakes, frames and hooks, but no sockets,
/// a clock that only moves when told to, and chance that repeats itself.
final class PolicyStage: Stage {
  /// Where everybody comes from who comes from nowhere else.
  private static let address = "127.0.0.1"

  private var mount: Mount?
  private var scene: Scene?
  private var outbox = Outbox()
  private var limits = RelayLimits()
  private var actors: [String: StageActor] = [:]
  private var outletCount: UInt32 = 0
  /// Monotonic milliseconds at the beginning of a conversation.
  private static let beginning: UInt64 = 1000
  private var now = PolicyStage.beginning
  private var wallSeconds: Double { 1_700_000_000 + Double(now) / 1000 }
  private let failures = HookFailures()

  private let looked: LookedUp
  private let coverage: Coverage?
  private let shared: [String]

  /// The scripts that are read are noted in `looked`, and the lines that run in `coverage`.
  /// `require` looks last in the folders `shared`.
  init(
    notingIn looked: LookedUp = LookedUp(), coverage: Coverage? = nil, shared: [String] = ScriptFiles.shared
  ) {
    self.looked = looked
    self.coverage = coverage
    self.shared = shared
  }

  var isLive: Bool { false }

  func locate(_ path: String) -> String? {
    let found = ScriptFiles.locate(path)
    return Files.missing(among: [found]) == nil ? found : nil
  }

  func begin(_ scene: Scene) throws(StageError) {
    guard let path = scene.policy else { throw StageError("name the policy: policy scripts/godot.lua") }
    limits = RelayLimits()
    for (name, value) in scene.limits {
      do throws(LimitError) {
        try limits.set(name, to: String(value))
      } catch {
        throw StageError(error.message)
      }
    }
    let scripts = try open(path, scene)
    self.scene = scene
    outbox = Outbox()
    now = Self.beginning
    do throws(ScriptError) {
      mount = try Mount(
        scripts: scripts, settings: settings(of: scene), limits: limits.mount,
        outbox: outbox, random: .seeded(1), shared: shared, milliseconds: now,
        wallSeconds: wallSeconds, coverage: coverage, read: ScriptFiles.modules(notingIn: looked),
        report: { [failures] in failures.note($0) })
    } catch {
      throw StageError(error.complaint)
    }
  }

  func end() {
    actors = [:]
    outletCount = 0
    mount = nil
  }

  func connect(_ actor: String, _ request: ConnectRequest) throws(StageError) {
    let mount = try loaded()
    let head = try head(of: request)
    let stageActor = StageActor(outlet: outletCount, messageBytesMax: limits.messageBytes)
    actors[actor] = stageActor
    switch ServerHandshake.answer(head) {
    case .refuse(let status, _, let body): stageActor.heard.append(.refused(status: status, body: Array(body.utf8)))
    case .accept(let upgrade):
      let address = request.address?.description ?? Self.address
      switch mount.upgrade(head, subprotocols: upgrade.subprotocols, address: address) {
      case .refuse(let answer): stageActor.heard.append(.refused(status: answer.status, body: answer.body))
      case .accept(let subprotocol, let attributes):
        outbox.open(outletCount)
        outletCount += 1
        stageActor.heard.append(.opened(subprotocol: subprotocol))
        stageActor.peer = mount.connect(outlet: stageActor.outlet, address: address, attributes: attributes)
      }
    }
    try deliver()
  }

  func send(_ actor: String, _ message: Sent) throws(StageError) {
    let sender = try connected(actor)
    var wire = ByteQueue()
    let key: UInt32 = 0x5A3C_9E71
    switch message {
    case .text(let bytes): unsafe bytes.withUnsafeBytes { unsafe wire.appendFrame(.text, $0, key: key) }
    case .binary(let bytes): unsafe bytes.withUnsafeBytes { unsafe wire.appendFrame(.binary, $0, key: key) }
    case .ping(let bytes): unsafe bytes.withUnsafeBytes { unsafe wire.appendFrame(.ping, $0, key: key) }
    case .pong(let bytes): unsafe bytes.withUnsafeBytes { unsafe wire.appendFrame(.pong, $0, key: key) }
    case .raw(let bytes): wire.append(bytes)
    }
    try arrive(from: sender, wire)
  }

  func close(_ actor: String, code: UInt16?, reason: [UInt8]) throws(StageError) {
    let sender = try connected(actor)
    var wire = ByteQueue()
    unsafe reason.withUnsafeBytes { unsafe wire.appendClose(code: code, reason: $0, key: 0x5A3C_9E71) }
    try arrive(from: sender, wire)
  }

  func drop(_ actor: String) throws(StageError) {
    let sender = try connected(actor)
    outbox.release(sender.outlet)
    if let peer = sender.peer {
      try loaded().disconnect(peer, outlet: sender.outlet, code: CloseCode.abnormal, reason: "")
    }
    try deliver()
  }

  func fetch(_ request: PlainRequest) throws(StageError) -> PlainReply {
    var wire = ByteQueue()
    let isSound = wire.appendRequest(
      method: request.method, target: request.path, host: "localhost", headers: request.headers, body: request.body)
    guard isSound else { throw StageError("this is no HTTP request") }
    let address = request.address?.description ?? Self.address
    let answer = PlainAnswer.make(for: try parse(&wire), mount: try loaded(), address: address)
    try deliver()
    return PlainReply(status: answer.status, headers: answer.headers, body: answer.body)
  }

  func advance(milliseconds: Int) throws(StageError) {
    let mount = try loaded()
    let end = now + UInt64(milliseconds)
    while let deadline = mount.nextDeadline(), deadline <= end {
      setTime(max(deadline, now))
      while mount.fireTimer() {}
    }
    setTime(end)
    try deliver()
  }

  func reload(_ path: String, lobbiesFinish: Bool) throws(StageError) {
    guard let scene else { throw StageError("no policy is loaded") }
    let scripts = try open(path, scene)
    do throws(ScriptError) {
      try mount?.reload(scripts, settings: settings(of: scene), lobbiesFinish: lobbiesFinish)
    } catch {
      throw StageError(error.complaint)
    }
    try deliver()
  }

  func next(_ actor: String, _ patience: Patience) throws(StageError) -> Heard? {
    guard let listener = actors[actor], !listener.heard.isEmpty else { return nil }
    return listener.heard.removeFirst()
  }

  // MARK: Inside

  private func open(_ path: String, _ scene: Scene) throws(StageError) -> Scripts {
    do throws(FileError) {
      return try ScriptFiles.open(policy: path, plugins: scene.plugins, notingIn: looked)
    } catch {
      throw StageError(error.message)
    }
  }

  private func settings(of scene: Scene) -> [(name: String, value: String)] {
    scene.settings.map { ($0.name, $0.value.setting) }
  }

  private func loaded() throws(StageError) -> Mount {
    guard let mount else { throw StageError("no policy is loaded") }
    return mount
  }

  private func connected(_ actor: String) throws(StageError) -> StageActor {
    guard let found = actors[actor], found.peer != nil else { throw StageError("\(actor) is not connected") }
    return found
  }

  private func setTime(_ milliseconds: UInt64) {
    now = milliseconds
    mount?.setTime(milliseconds: now, wallSeconds: wallSeconds)
  }

  private func head(of request: ConnectRequest) throws(StageError) -> RequestHead {
    let handshake = ClientHandshake(
      host: "localhost", target: request.path ?? "/", headers: request.headers, subprotocols: request.subprotocols,
      nonce: Array(repeating: 7, count: 16))
    var wire = ByteQueue()
    guard handshake.appendRequest(to: &wire) else { throw StageError("this is no WebSocket handshake") }
    return try parse(&wire)
  }

  private func parse(_ wire: inout ByteQueue) throws(StageError) -> RequestHead {
    let answer = unsafe wire.withBytes { unsafe RequestHead.parse(UnsafeRawBufferPointer($0)) }
    guard case .complete(let head, _) = answer else { throw StageError("the relay would not read this request") }
    return head
  }

  /// Bytes from a client, handled as the relay handles them.
  private func arrive(from sender: StageActor, _ wire: consuming ByteQueue) throws(StageError) {
    let mount = try loaded()
    guard let peer = sender.peer else { return }
    unsafe wire.withBytes { bytes in
      var offset = 0
      while offset < bytes.count {
        switch unsafe sender.fromClient.next(bytes, at: &offset) {
        case .message(let isBinary, let payload):
          guard outbox.state(of: sender.outlet) == .open else { continue }
          unsafe mount.receive(UnsafeRawBufferPointer(payload), isBinary: isBinary, from: peer)
        case .compressed: preconditionFailure("no extension was offered")
        case .incomplete: return
        case .ping(let payload): unsafe outbox.appendControl(to: sender.outlet, .pong, payload)
        case .pong: continue
        case .close(let code, let reason):
          let text = unsafe String(decoding: reason, as: UTF8.self)
          outbox.appendClose(to: sender.outlet, code: code)
          mount.disconnect(peer, outlet: sender.outlet, code: code ?? CloseCode.noStatus, reason: text)
        case .violation(let code, let reason):
          outbox.appendClose(to: sender.outlet, code: code, reason: "\(reason)")
          mount.disconnect(peer, outlet: sender.outlet, code: code, reason: "\(reason)")
        }
      }
    }
    try deliver()
  }

  /// Hands everything that was sent to those who hear it. A hook that has failed fails the step that ran it.
  private func deliver() throws(StageError) {
    for actor in actors.values where actor.peer != nil && outbox.state(of: actor.outlet) != .vacant {
      outbox.withQueue(actor.outlet) { queue in
        unsafe queue.withBytes { unsafe actor.hear($0) }
        queue.removeAll()
      }
    }
    while mount?.hasDepartures == true { mount?.continueDepartures() }
    if let failure = failures.take() { throw StageError(failure) }
  }
}

/// One client of a conversation: what it has heard and not yet been asked about.
final class StageActor {
  let outlet: UInt32
  var peer: PeerRef?
  var heard: [Heard] = []
  var fromClient: Inbound
  private var fromServer = Inbound(role: .client, messageBytesMax: 0)

  init(outlet: UInt32, messageBytesMax: Int) {
    self.outlet = outlet
    fromClient = Inbound(role: .server, messageBytesMax: messageBytesMax)
  }

  func hear(_ bytes: UnsafeMutableRawBufferPointer) {
    var offset = 0
    while true {
      switch unsafe fromServer.next(bytes, at: &offset) {
      case .message(true, let payload): heard.append(.binary(unsafe [UInt8](payload)))
      case .message(false, let payload): heard.append(.text(unsafe [UInt8](payload)))
      case .pong(let payload): heard.append(.pong(unsafe [UInt8](payload)))
      case .close(let code, let reason): heard.append(.closed(code: code, reason: unsafe [UInt8](reason)))
      case .compressed: preconditionFailure("no extension was offered")
      case .ping: continue
      case .incomplete, .violation: return
      }
    }
  }
}

/// Hooks that have failed since somebody asked.
final class HookFailures {
  private var messages: [String] = []

  func note(_ event: MountEvent) {
    if case .hookFailed(let hook, let error, _) = event { messages.append("\(hook) failed: \(error.firstLine)") }
  }

  func take() -> String? {
    defer { messages = [] }
    return messages.first
  }
}
