import Glibc
import Lobby
import Policy
import Testing

@testable import Recording

/// A recording says when another version ran, and a replay compares the events of one.
struct ReloadMarkTests {
  private static let one = """
    local policy = {}
    function policy.on_message(peer, message)
      if message:as_text() and mount:peers()[1] == peer then peer:send("one") end
    end
    return policy
    """
  private static let two = one.replacing("\"one\"", with: "\"two\"")
  /// Fails at each message.
  private static let broken = one.replacing("\"one\"", with: "nil")

  /// A relay's part: a mount that is recorded, and one peer that says things.
  private final class Served {
    let path = "/tmp/lobbyist-reload-\(getpid())-\(UInt64.random(in: 0 ... .max))"
    let recorder: Recorder
    let mount: Mount
    private let outbox = Outbox()
    private let peer: PeerRef
    private var now: UInt64 = 50_000

    init(_ source: String, bytesMax: Int = 1 << 20) throws {
      recorder = Recorder(
        path: path, bytesMax: bytesMax, payloads: .full, relay: "0.1.0", began: 1, complain: { fatalError($0) })
      let start = ReplayStart(
        outbox: outbox, random: .noting, milliseconds: now, wallSeconds: 50, report: recorder.note)
      mount = try Scenario.load(source, start)
      let description = RecordingHeader.Mount(
        script: "scripts/test.lua", version: "", plugins: [], settings: [], limits: [])
      recorder.add(mount, description, milliseconds: now, wallSeconds: 50)
      try recorder.begin(outbox)
      outbox.open(0)
      peer = mount.connect(outlet: 0, address: "127.0.0.1")
    }

    deinit {
      unlink(path)
      unlink(path + ".1")
    }

    func say(_ text: String = "x", after milliseconds: UInt64 = 1000) {
      now += milliseconds
      mount.setTime(milliseconds: now, wallSeconds: Double(now) / 1000)
      Array(text.utf8).withUnsafeBytes { mount.receive($0, isBinary: false, from: peer) }
    }

    func load(_ source: String) throws -> String {
      try mount.reload(
        Scripts(policy: Script(path: "scripts/test.lua", source: Array(source.utf8))), settings: [])
      return mount.version
    }

    func note(_ reason: RecordedEvent.Reload.Reason, loaded: String? = nil) {
      let list = loaded.map { [(script: "scripts/test.lua", version: $0)] } ?? []
      recorder.noteReload(of: list, reason, milliseconds: now + 500, wallSeconds: Double(now) / 1000 + 0.5)
    }

    func recording() throws -> Recording {
      recorder.flush()
      return try Recording(path: "r", Array(Scenario().read(path).utf8)) { _ in nil }
    }
  }

  private func replay(_ recording: Recording, _ source: String, version: String? = nil) throws -> (Int, Int) {
    let replay = try Replay(recording, mount: "test", version: version) { try Scenario.load(source, $0) }
    let summary = try replay.run { _ in }
    return (summary.differences, summary.compared)
  }

  @Test func aReloadIsMarkedAndEachVersionCanBeCompared() throws {
    let served = try Served(Self.one)
    let first = served.mount.version
    for _ in 0..<3 { served.say() }
    let second = try served.load(Self.two)
    served.note(.files, loaded: second)
    for _ in 0..<2 { served.say() }
    let recording = try served.recording()
    let passages = recording.passages(of: "test")
    #expect(
      passages.map(\.text) == ["r:7: at 3.500 s version \(first) → \(second) (its files changed), 5 events before it"])
    #expect(try replay(recording, Self.one) == (2, 7))
    #expect(try replay(recording, Self.two) == (3, 7))
    #expect(try replay(recording, Self.one, version: first) == (0, 5))
    #expect(try replay(recording, Self.two, version: second) == (0, 2))
    #expect(try replay(recording, Self.one, version: second) == (2, 2))
  }

  @Test func theSameVersionLoadedAnewIsMarked() throws {
    let served = try Served(Self.one)
    let version = try served.load(Self.one)
    served.note(.signal, loaded: version)
    // Of another script.
    served.note(.signal, loaded: "00000000")
    served.say()
    let passages = try served.recording().passages(of: "test")
    #expect(passages.map(\.text) == ["r:4: at 0.500 s version \(version) anew (SIGHUP), 2 events before it"])
  }

  @Test func aVersionThatGivesWayIsMarkedAfterItsLastEvent() throws {
    let served = try Served(Self.one)
    let first = served.mount.version
    let second = try served.load(Self.broken)
    served.note(.operator, loaded: second)
    for _ in 0..<MountLimits().breakerFailures { served.say(after: 10) }
    served.say()
    #expect(served.mount.version == first)
    let recording = try served.recording()
    let passages = recording.passages(of: "test")
    #expect(passages.map(\.reason) == [.operator, .failures])
    #expect(passages.map(\.to) == [second, first])
    #expect(passages.last?.eventsBefore == 2 + MountLimits().breakerFailures)
    #expect(try replay(recording, Self.one, version: first) == (0, 3))
  }

  @Test func aReloadThatNobodyTellsIsMarkedBeforeTheNextEvent() throws {
    let served = try Served(Self.one)
    let second = try served.load(Self.two)
    served.say()
    let passages = try served.recording().passages(of: "test")
    #expect(passages.map(\.to) == [second])
    #expect(passages.map(\.reason) == [.other])
    #expect(passages.map(\.eventsBefore) == [2])
  }

  @Test func theNextFileBeginsWithTheVersionThatRuns() throws {
    let served = try Served(Self.one, bytesMax: 4096)
    let second = try served.load(Self.two)
    served.note(.files, loaded: second)
    for _ in 0..<4 { served.say(String(repeating: "x", count: 1000)) }
    let recording = try served.recording()
    #expect(recording.lacksBeginning)
    #expect(recording.header.mounts.map(\.version) == [second])
    #expect(recording.passages(of: "test") == [])
  }
}
