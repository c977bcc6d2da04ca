import HTTP
import Lobby
import Policy
import WebSocket

/// A trial run: clients connect, send what the scripts seem to wait for, go and come again; timers fire. The clock is
/// virtual, nobody reads what is sent.
struct Rehearsal {
  static let beginning: UInt64 = 1000
  static func wallSeconds(_ milliseconds: UInt64) -> Double { 1_700_000_000 + Double(milliseconds) / 1000 }

  private let mount: Mount
  private let outbox: Outbox
  private let facts: [Facts]
  private let scripts: Scripts
  private let trials: Trials
  private var now = Rehearsal.beginning
  private var nextOutlet: UInt32 = 0
  private var clients: [(peer: PeerRef, outlet: UInt32)] = []

  private static let clientCount = 3
  private static let stringsMax = 80
  private static let namesMax = 16
  private static let messagesMax = 10_000
  private static let timersMax = 1000

  init(_ mount: Mount, _ outbox: Outbox, _ facts: [Facts], _ scripts: Scripts, _ trials: Trials) {
    self.mount = mount
    self.outbox = outbox
    self.facts = facts
    self.scripts = scripts
    self.trials = trials
    mount.addObserver(trials)
  }

  mutating func run() {
    ask()
    let messages = messages().prefix(Self.messagesMax)
    for (number, message) in messages.enumerated() {
      fill()
      for client in clients {
        unsafe message.withUnsafeBytes { unsafe mount.receive($0, isBinary: number % 50 == 49, from: client.peer) }
        forget()
      }
      if number % 100 == 99 { leave(clients.count - 1, code: number % 200 == 99 ? 1000 : 1006) }
      if number % 500 == 499 { advance(seconds: 1) }
    }
    fill()
    rehearseTimers()
    advance(seconds: 3600)
    while !clients.isEmpty { leave(0, code: 1001) }
    advance(seconds: 3600)
  }

  // MARK: Clients

  /// Connects those who are missing.
  private mutating func fill() {
    let before = clients
    clients = before.filter { mount.isLive($0.peer) && outbox.state(of: $0.outlet) == .open }
    for client in before where !clients.contains(where: { $0.outlet == client.outlet }) {
      disconnect(client, code: CloseCode.abnormal)
      outbox.release(client.outlet)
    }
    while clients.count < Self.clientCount {
      let outlet = nextOutlet
      nextOutlet += 1
      outbox.open(outlet)
      let address = "192.0.2.\(1 + outlet % 200)"
      let attributes = attributes(from: Self.targets[Int(outlet) % Self.targets.count], address)
      clients.append((mount.connect(outlet: outlet, address: address, attributes: attributes), outlet))
    }
  }

  /// What the handshake gives a peer; who is refused connects as well, or no other hook would run.
  private func attributes(from target: String, _ address: String) -> [Attachment] {
    guard let head = Self.head(of: target),
      case .accept(_, let attributes) = mount.upgrade(head, subprotocols: ["test"], address: address)
    else { return [] }
    return attributes
  }

  private func disconnect(_ client: (peer: PeerRef, outlet: UInt32), code: UInt16) {
    let isLive = mount.isLive(client.peer)
    trials.run(isLive ? "on_disconnect" : nil) {
      mount.disconnect(client.peer, outlet: client.outlet, code: code, reason: "")
    }
  }

  private mutating func leave(_ index: Int, code: UInt16) {
    let client = clients.remove(at: index)
    outbox.release(client.outlet)
    disconnect(client, code: code)
  }

  /// Nobody reads: the queues are emptied, so that they do not fill.
  private func forget() {
    for client in clients { outbox.withQueue(client.outlet) { $0.removeAll() } }
    while mount.hasDepartures { mount.continueDepartures() }
  }

  private func ask() {
    for target in Self.targets {
      guard let head = Self.head(of: target) else { continue }
      _ = mount.upgrade(head, subprotocols: ["test"], address: "192.0.2.1")
      _ = mount.request(head, address: "192.0.2.1")
    }
  }

  private static let targets = ["/", "/?token=x&name=den", "/lobbies", "/den"]

  private static func head(of target: String) -> RequestHead? {
    let text = "GET \(target) HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\n\r\n"
    let answer = unsafe Array(text.utf8).withUnsafeBytes { unsafe RequestHead.parse($0) }
    guard case .complete(let head, _) = answer else { return nil }
    return head
  }

  // MARK: Timers

  private mutating func advance(seconds: UInt64) {
    let end = now + seconds * 1000
    var left = Self.timersMax
    while left > 0, let deadline = mount.nextDeadline(), deadline <= end {
      setTime(max(deadline, now))
      while left > 0, mount.fireTimer() { left -= 1 }
    }
    setTime(end)
    forget()
  }

  private mutating func setTime(_ milliseconds: UInt64) {
    now = milliseconds
    mount.setTime(milliseconds: now, wallSeconds: Self.wallSeconds(now))
  }

  /// Each timer once, on what it is started on.
  private mutating func rehearseTimers() {
    for facts in facts {
      for start in facts.timersStarted {
        guard case .reference(let receiver) = start.receiver.kind else { continue }
        for prefix in [""] + scripts.plugins.map({ $0.name + "." }) {
          fill()
          switch receiver {
          case "peer": mount.rehearse(timer: prefix + start.name, of: .peer(clients[0].peer))
          case "lobby": if let lobby = mount.anyLobby { mount.rehearse(timer: prefix + start.name, of: .lobby(lobby)) }
          default: mount.rehearse(timer: prefix + start.name, of: .mount)
          }
          forget()
        }
      }
    }
  }

  // MARK: Messages

  /// Bare words, and objects: what the scripts compare with under every name that they read.
  private func messages() -> [[UInt8]] {
    // Tables of functions have the names of messages for keys.
    let found = Set(facts.flatMap(\.strings)).union(facts.flatMap(\.fieldsDefined))
    var words = found.sorted().filter { $0.utf8.count <= 40 }
    words = Array(words.prefix(Self.stringsMax))
    let paths = Set(facts.flatMap(\.paths)).union(["type"])
    let names = (paths.sorted() + Set(facts.flatMap(\.fieldsRead)).subtracting(paths).sorted()).prefix(Self.namesMax)
    var texts = ["", "hello", "{", "[]", "null", "0", "1", "\"text\"", "{}"] + words
    texts += words.flatMap { ["\($0): \n", "\($0): den\n", "\($0): 1\nx", "\($0) den"] }
    let numbers = (0...12).map(String.init)
    let spelled = words.map(Self.quoted) + numbers
    for others in [Self.quoted("den"), "0", "1", "2", Self.quoted(""), "true", "{}"] {
      for name in names {
        for value in spelled {
          let fields = names.map { "\(Self.quoted($0)):\($0 == name ? value : others)" }
          texts.append("{\(fields.joined(separator: ","))}")
        }
      }
    }
    return texts.map { Array($0.utf8) }
  }

  private static func quoted(_ text: String) -> String {
    let plain = text.unicodeScalars.filter { $0.value >= 0x20 && $0 != "\"" && $0 != "\\" }
    return "\"\(String(String.UnicodeScalarView(plain)))\""
  }
}
