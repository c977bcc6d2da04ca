import Glibc
import HTTP
import Lobby
import Policy
import WebSocket

@testable import Recording

/// A policy that draws, greets, passes on, closes and waits; and a recording of two clients with it.
struct Scenario {
  static let source = """
    local policy = { timers = {} }
    function policy.on_upgrade(request)
      if request:query("key") == "wrong" then return request:refuse(403, "No") end
    end
    function policy.on_connect(peer)
      peer:send(json.encode({ id = random.integer(1, 1000000), at = relay.now() }))
      peer:after(5, "nap")
    end
    function policy.on_message(peer, message)
      for _, other in ipairs(mount:peers()) do
        if other ~= peer then message:forward(other, "from", random.text(4)) end
      end
    end
    function policy.on_disconnect(peer)
      for _, other in ipairs(mount:peers()) do
        if other ~= peer then other:send("bye") end
      end
    end
    function policy.timers.nap(peer) peer:close(4001, "Too long") end
    return policy
    """

  static func load(_ source: String, _ start: ReplayStart) throws(ScriptError) -> Mount {
    var limits = MountLimits()
    limits.hookMilliseconds = 10_000
    limits.loadMilliseconds = 10_000
    return try Mount(
      scripts: Scripts(policy: Script(path: "scripts/test.lua", source: Array(source.utf8))), limits: limits,
      outbox: start.outbox, random: start.random, milliseconds: start.milliseconds, wallSeconds: start.wallSeconds,
      read: { _ in nil }, report: start.report)
  }

  private static func head(_ target: String) -> RequestHead {
    let bytes = Array("GET \(target) HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8)
    guard case .complete(let head, _) = bytes.withUnsafeBytes({ RequestHead.parse($0) }) else { fatalError() }
    return head
  }

  /// The recording, as text.
  func recorded(
    payloads: RecordedPayloads = .full, bytesMax: Int = 1 << 20, rounds: Int = 1,
    at path: String = "/tmp/lobbyist-recording-\(getpid())-\(UInt64.random(in: 0 ... .max))", keeps: Bool = false
  ) throws -> String {
    let recorder = Recorder(
      path: path, bytesMax: bytesMax, payloads: payloads, relay: "0.1.0", began: 1, complain: { fatalError($0) })
    let outbox = Outbox()
    let start = ReplayStart(
      outbox: outbox, random: .noting, milliseconds: 50_000, wallSeconds: 1_700_000_000, report: recorder.note)
    let mount = try Self.load(Self.source, start)
    let description = RecordingHeader.Mount(
      script: "scripts/test.lua", version: "0", plugins: [], settings: [], limits: [])
    recorder.add(mount, description, milliseconds: 50_000, wallSeconds: 1_700_000_000)
    try recorder.begin(outbox)
    defer {
      if !keeps {
        unlink(path)
        unlink(path + ".1")
      }
    }
    for round in 0..<rounds { play(mount, outbox, at: 50_000 + UInt64(round) * 10_000) }
    recorder.flush()
    return read(path)
  }

  private func play(_ mount: Mount, _ outbox: Outbox, at beginning: UInt64) {
    func tick(_ after: UInt64) {
      mount.setTime(milliseconds: beginning + after, wallSeconds: 1_700_000_000 + Double(after) / 1000)
    }
    func say(_ text: String, _ peer: PeerRef) {
      Array(text.utf8).withUnsafeBytes { mount.receive($0, isBinary: false, from: peer) }
    }
    tick(10)
    _ = mount.upgrade(Self.head("/?key=wrong"), subprotocols: [], address: "192.0.2.9")
    _ = mount.upgrade(Self.head("/"), subprotocols: [], address: "192.0.2.1")
    outbox.open(0)
    let ana = mount.connect(outlet: 0, address: "192.0.2.1")
    tick(20)
    _ = mount.upgrade(Self.head("/"), subprotocols: [], address: "192.0.2.2")
    outbox.open(1)
    let bob = mount.connect(outlet: 1, address: "192.0.2.2")
    tick(30)
    say(#"{"hello":1}"#, ana)
    say(#"{"hello":2}"#, bob)
    say("no JSON", bob)
    tick(40)
    outbox.release(1)
    mount.disconnectLater(bob, outlet: 1, code: CloseCode.abnormal, reason: "")
    while mount.hasDepartures { mount.continueDepartures() }
    tick(5011)
    while mount.fireTimer() {}
    while let outlet = outbox.takeTouched() { outbox.sent(outlet, count: outbox.waiting(outlet)) }
    outbox.release(0)
  }

  func read(_ path: String) -> String {
    guard let file = fopen(path, "r") else { return "" }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    let count = fread(&bytes, 1, bytes.count, file)
    return String(decoding: bytes[..<count], as: UTF8.self)
  }
}
