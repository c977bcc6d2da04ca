import Lobby
import Policy
import Testing

@testable import Relay

@Suite struct MessageTypeTests {
  static let cases: [(String, MessageType?)] = [
    (#"{"type":4,"data":"v=0"}"#, .number(4)), (#"{"type":"offer"}"#, .word("offer")),
    (#"{"data":{"type":1},"type":-2}"#, .number(-2)), (#"{"type":"peer.joined-2_x"}"#, .word("peer.joined-2_x")),
    (#"{"type":""}"#, .word("")),
    // Whatever could say more is not shown.
    (#"{"type":"my secret"}"#, nil), (#"{"type":"<img>"}"#, nil), (#"{"type":"é"}"#, nil),
    (#"{"type":"abcdefghijklmnopqrstuvwxy"}"#, nil), (#"{"type":"a\u0062"}"#, nil), (#"{"type":1.5}"#, nil),
    (#"{"type":["a"]}"#, nil), (#"{"type":null}"#, nil), (#"{"Type":1}"#, nil), (#"["type"]"#, nil),
    (#"{"type":1"#, nil), ("type", nil), ("", nil),
  ]

  @Test(arguments: cases) func isShownWhenItCanSayNoMore(_ text: String, _ type: MessageType?) {
    let found = Array(text.utf8).withUnsafeBytes { MessageType(of: $0) }
    #expect(found == type)
  }
}

@Suite struct TailRingTests {
  private func passage(_ payloadBytes: Int? = nil) -> TailedPassage {
    TailedPassage(
      isBinary: false, bytes: 10, type: nil, payload: payloadBytes.map { [UInt8](repeating: 0x61, count: $0) })
  }

  private func ring(_ count: Int, payloadBytes: Int? = nil) -> TailRing {
    var ring = TailRing(after: 1000)
    for _ in 0..<count { ring.append(passage(payloadBytes), at: 0, from: .integer(1), to: [.integer(2)]) }
    return ring
  }

  @Test func tellsWhatIsNew() {
    let ring = ring(3)
    #expect(ring.next == 1003)
    #expect(ring.messages(after: 1001).map(\.sequence) == [1002, 1003])
    #expect(ring.messages(after: 1003).isEmpty)
    #expect(TailRing(after: 1).messages(after: 0).isEmpty)
  }

  @Test(arguments: [0, 999, 1000, 1004, UInt64.max]) func tellsAllToWhomKnowsNone(_ known: UInt64) {
    #expect(ring(3).messages(after: known).map(\.sequence) == [1001, 1002, 1003])
  }

  @Test func keepsTheLast() {
    let ring = ring(TailRing.messagesMax + 5)
    #expect(ring.messages.count == TailRing.messagesMax && ring.messages.first?.sequence == 1006)
    #expect(ring.messages(after: 1002).count == TailRing.messagesMax)
  }

  @Test func isBoundedInBytes() {
    let ring = ring(200, payloadBytes: TailedPassage.payloadBytesMax)
    let kept = ring.messages.reduce(0) { $0 + ($1.passage.payload?.count ?? 0) }
    #expect(kept == TailRing.payloadBytesMax)
  }

  @Test func namesSomeReceiversAndCountsAll() {
    var ring = TailRing(after: 0)
    ring.append(passage(), at: 0, from: nil, to: (0..<40).map { .integer($0) })
    #expect(ring.messages[0].to.count == TailedPassage.receiversMax && ring.messages[0].receivers == 40)
  }
}

@Suite struct TailTests {
  private let outbox = Outbox()
  private let mount: Mount

  /// Everybody is in the lobby of the address they come from, under the number of their connection; `x` is told to
  /// everybody else there, `one` to its first member, `twice` both ways.
  init() throws {
    let source = """
      local policy = { timers = {} }
      local next_id = 0
      function policy.on_connect(peer)
        local lobby = mount:find_lobby(peer:address()) or mount:create_lobby(peer:address())
        lobby:add(peer, next_id)
        next_id = next_id + 1
        lobby:broadcast('{"type":"joined"}')
        peer:send("hi")
        if next_id == 1 then lobby:after(1, "tick") end
      end
      function policy.timers.tick(lobby) lobby:broadcast("tick") end
      function policy.on_message(peer, message)
        local lobby = peer:lobby()
        if message:is_binary() then return lobby:broadcast_binary(message:text()) end
        if message:text() == "fail" then lobby:broadcast("never") error("no") end
        if message:text() == "twice" then lobby:broadcast("a") lobby:broadcast("b") end
        lobby:broadcast(message:text(), peer)
      end
      return policy
      """
    mount = try Mount(
      scripts: Scripts(policy: Script(path: "a.lua", source: Array(source.utf8))), outbox: outbox,
      read: { _ in nil }, report: { _ in })
  }

  private final class Seats { var peers: [UInt32: PeerRef] = [:] }
  private let seats = Seats()

  private func connect(_ outlet: UInt32, _ address: String) {
    outbox.open(outlet)
    seats.peers[outlet] = mount.connect(outlet: outlet, address: address)
  }

  private func say(_ text: String, _ outlet: UInt32, isBinary: Bool = false) throws {
    let peer = try #require(seats.peers[outlet])
    Array(text.utf8).withUnsafeBytes { mount.receive($0, isBinary: isBinary, from: peer) }
  }

  private func tail(of name: String, keepsPayloads: Bool = true) throws -> Tail {
    let lobby = try #require(mount.lobby(named: Array(name.utf8)))
    let tail = Tail(
      of: lobby, named: Array(name.utf8), at: mount, keepsPayloads: keepsPayloads, now: 0, wallSeconds: 0
    ) { [seats] in seats.peers[$0] }
    mount.addObserver(tail)
    outbox.addObserver(tail)
    return tail
  }

  /// `from>to,to payload`
  private func told(_ tail: Tail) -> [String] {
    func text(_ id: MemberID?) -> String { if case .integer(let number) = id { "\(number)" } else { "-" } }
    return tail.ring.messages.map { message in
      let to = message.to.map(text).joined(separator: ",")
      return "\(text(message.from))>\(to) \(String(decoding: message.passage.payload ?? [], as: UTF8.self))"
    }
  }

  @Test func hearsItsLobbyAlone() throws {
    for outlet in 0..<4 { connect(UInt32(outlet), outlet < 3 ? "home" : "away") }
    let tail = try tail(of: "home")
    try say("x", 1)
    try say("y", 3)
    try say("twice", 0)
    #expect(told(tail) == ["1>0,2 x", "0>0,1,2 a", "0>0,1,2 b", "0>1,2 twice"])
  }

  @Test func hearsANewcomer() throws {
    connect(0, "home")
    let tail = try tail(of: "home")
    connect(1, "home")
    #expect(told(tail) == [#"1>0,1 {"type":"joined"}"#, "1>1 hi"])
    #expect(tail.ring.messages[0].passage.type == .word("joined"))
  }

  @Test func hearsNothingThatWasTakenBack() throws {
    connect(0, "home")
    let tail = try tail(of: "home")
    try say("fail", 0)
    #expect(told(tail) == [])
  }

  @Test func hearsTimersAsTheScripts() throws {
    connect(0, "home")
    let tail = try tail(of: "home")
    mount.setTime(milliseconds: 1000, wallSeconds: 1)
    #expect(mount.fireTimer())
    #expect(told(tail) == ["->0 tick"])
  }

  @Test func keepsNoPayloadUnlessItMay() throws {
    connect(0, "home")
    let tail = try tail(of: "home", keepsPayloads: false)
    try say("binary", 0, isBinary: true)
    let message = try #require(tail.ring.messages.first)
    #expect(message.passage == TailedPassage(isBinary: true, bytes: 6, type: nil, payload: nil))
  }

  @Test func theBeginningOfALongOneIsKept() throws {
    connect(0, "home")
    let tail = try tail(of: "home")
    try say(String(repeating: "x", count: 9000), 0, isBinary: true)
    let passage = try #require(tail.ring.messages.first?.passage)
    #expect(passage.bytes == 9000 && passage.payload?.count == TailedPassage.payloadBytesMax)
  }

  @Test func severalHearTheSame() throws {
    connect(0, "home")
    connect(1, "home")
    let (one, other) = (try tail(of: "home"), try tail(of: "home"))
    try say("x", 0)
    mount.removeObserver(one)
    outbox.removeObserver(one)
    try say("y", 0)
    #expect(told(one) == ["0>1 x"])
    #expect(told(other) == ["0>1 x", "0>1 y"])
  }

  @Test func thereAreAFewAtATimeAndNoneForLong() throws {
    connect(0, "home")
    var tails = Tails()
    let lobby = try #require(mount.lobby(named: Array("home".utf8)))
    for number in 0...Tails.tailsMax {
      let tail = Tail(
        of: lobby, named: [UInt8(number)], at: mount, keepsPayloads: true, now: UInt64(number), wallSeconds: 0
      ) { [seats] in seats.peers[$0] }
      #expect((tails.begin(tail, outbox) == nil) == (number == Tails.tailsMax))
    }
    #expect(tails.deadline == Tails.idleMilliseconds)
    tails.endIdle(now: Tails.idleMilliseconds, outbox)
    #expect(tails.tail(of: [0], at: mount) == nil && tails.tail(of: [1], at: mount) != nil)
    tails.endIdle(now: 1 << 40, outbox)
    #expect(tails.deadline == nil)
  }
}
