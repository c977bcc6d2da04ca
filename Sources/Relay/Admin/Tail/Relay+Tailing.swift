import HTTP
import Lobby
import Policy

extension Relay {
  /// `GET /tail?mount=/path&lobby=N&after=SEQ&payloads=1`
  func tellTail(_ request: OperatorRequest) throws(OperatorAnswer) -> RequestAnswer? {
    guard let name = request.head.query("lobby") else {
      throw OperatorAnswer(422, error: "lobby= is missing: GET /lobbies tells their names")
    }
    let known = try request.number("after", 0...Int(Int64.max)) ?? 0
    let wantsPayloads = request.head.query("payloads") == "1"
    guard !wantsPayloads || tails.arePayloadsAllowed else {
      throw OperatorAnswer(403, error: "what messages say is only told by a relay started with --tail-payloads")
    }
    let tail = try tail(ofLobby: name, at: try mount(labelled: request.head.query("mount") ?? "/"))
    tail.askedAt = now
    let messages = tail.ring.messages(after: UInt64(known))
    let told = JSON.object([
      ("next", .count(tail.ring.next)), ("payloads_allowed", .flag(tails.arePayloadsAllowed)),
      ("messages", .list(messages.map { JSON($0, withPayload: wantsPayloads) })),
    ])
    return OperatorAnswer(200, told).response
  }

  /// The one that runs or a new one.
  private func tail(ofLobby name: String, at entry: LabelledMount) throws(OperatorAnswer) -> Tail {
    let bytes = Array(name.utf8)
    let running = tails.tail(of: bytes, at: entry.mount)
    if let running, running.isLobbyThere { return running }
    guard let lobby = entry.mount.lobby(named: bytes) else {
      // Its last messages can still be asked for.
      if let running { return running }
      throw OperatorAnswer(404, error: "there is no lobby '\(name)' at \(entry.label)")
    }
    if let running { tails.end(running, outbox) }
    let index = entry.index
    let tail = Tail(
      of: lobby, named: bytes, at: entry.mount, keepsPayloads: tails.arePayloadsAllowed, now: now,
      wallSeconds: wallSeconds
    ) { [unowned self] outlet in
      connections.isLive(outlet) && connections[outlet].mount == index ? connections[outlet].peer : nil
    }
    guard let begun = tails.begin(tail, outbox) else {
      throw OperatorAnswer(409, error: "\(Tails.tailsMax) lobbies are being watched: wait until one is no longer")
    }
    if tails.arePayloadsAllowed { log.info("the operator watches what is said in a lobby at \(entry.label)") }
    return begun
  }
}

extension JSON {
  fileprivate init(_ message: TailedMessage, withPayload: Bool) {
    let passage = message.passage
    self = .object([
      ("seq", .count(message.sequence)), ("at", .number(message.at)), ("from", message.from.map(JSON.init) ?? .null),
      ("to", .list(message.to.map(JSON.init))), ("receivers", .count(message.receivers)),
      ("bytes", .count(passage.bytes)), ("kind", passage.isBinary ? "binary" : "text"),
      ("type", passage.type.map(JSON.init)), ("payload", withPayload ? passage.shown.map(JSON.text) : nil),
    ])
  }

  fileprivate init(_ type: MessageType) {
    switch type {
    case .number(let number): self = .integer(Int(number))
    case .word(let word): self = .text(word)
    }
  }
}

extension TailedPassage {
  /// The payload as text; binary in hexadecimal digits.
  fileprivate var shown: String? {
    guard let payload else { return nil }
    guard isBinary else { return String(decoding: payload, as: UTF8.self) }
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: payload.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}
