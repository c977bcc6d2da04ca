import Bytes
import HTTP
import Policy
import WebSocket

extension Relay {
  /// Looks for a whole request head and answers it. The answer is how many bytes were used up.
  func takeHead(_ slot: UInt32, _ bytes: UnsafeRawBufferPointer) -> Int {
    let headLimits = HeadLimits(headBytesMax: limits.headBytes, fieldsMax: limits.headFields)
    switch unsafe RequestHead.parse(bytes, limits: headLimits) {
    case .incomplete: return 0
    case .failure(let status, let reason):
      counters.handshakesRefused += 1
      answer(slot, status: status, body: "\(reason)\n")
      return bytes.count
    case .complete(let head, let length):
      if connections[slot].purpose == .operator {
        return unsafe takeOperatorRequest(slot, head, length, bytes)
      }
      guard takeForwarded(slot, head) else { return bytes.count }
      guard !isBanned(slot) else {
        counters.banned += 1
        answer(slot, status: 403, body: "Your address is banned here.\n")
        return bytes.count
      }
      guard hasBuffers(slot) else { return bytes.count }
      guard takeMount(slot, head) else {
        counters.unmounted += 1
        answer(slot, status: 404, body: "There is nothing at this path.\n")
        return length
      }
      if ServerHandshake.isWanted(by: head) {
        upgrade(slot, head)
      } else {
        answerPlain(slot, head)
      }
      return length
    }
  }

  /// The connection belongs to the mount that its request is for: the one whose own listener it came over, else by host
  /// and path. False when there is none, or no longer.
  private func takeMount(_ slot: UInt32, _ head: RequestHead) -> Bool {
    if let own = connections[slot].mount { return mounts.isServing(own) }
    guard let mount = mounts.find(host: head.hostName, path: head.path) else { return false }
    connections[slot].mount = mount
    mounts.enter(mount)
    return true
  }

  private func upgrade(_ slot: UInt32, _ head: RequestHead) {
    switch ServerHandshake.answer(head) {
    case .refuse(let status, let headers, let body):
      counters.handshakesRefused += 1
      answer(slot, status: status, headers: headers, body: body)
    case .accept(let upgrade):
      guard isWithinHandshakes(slot) else { return }
      let address = connections[slot].host.description
      let mount = mount(of: slot)
      switch mount.upgrade(head, subprotocols: upgrade.subprotocols, address: address) {
      case .refuse(let refusal):
        counters.handshakesRefused += 1
        counters.refusedByPolicy += 1
        answer(slot, refusal)
      case .accept(let subprotocol, let attributes):
        counters.upgraded += 1
        log.debug("a WebSocket has begun", about: subject(of: slot))
        let deflate = agreeOnDeflate(slot, head)
        outbox.withQueue(slot) { queue in
          queue.appendSwitchingProtocols(upgrade, subprotocol: subprotocol, deflate: deflate)
        }
        outbox.touch(slot)
        connections[slot].phase = .open
        connections[slot].openedAt = UInt32(truncatingIfNeeded: now / 1000)
        setPingDeadline(slot)
        let peer = mount.connect(outlet: slot, address: address, attributes: attributes)
        connections[slot].peer = peer
      }
    }
  }

  private func answerPlain(_ slot: UInt32, _ head: RequestHead) {
    let (mount, isHead) = (mount(of: slot), head.method == "HEAD")
    if let theirs = mount.request(head, address: connections[slot].host.description) {
      return answer(slot, theirs, omitsBody: isHead)
    }
    let route = connections[slot].mount.map(mounts.route(of:))
    if let route, let shown = route.pages?.answer(head, path: route.rest(of: head.path)) {
      return answer(slot, shown, omitsBody: isHead)
    }
    answer(slot, PlainAnswer.standard(for: head), omitsBody: isHead)
  }

  /// What a script says; its body is plain text unless it says otherwise.
  func answer(_ slot: UInt32, _ answer: RequestAnswer, omitsBody: Bool = false) {
    let isTyped = answer.body.isEmpty || answer.headers.contains { $0.isNamed("Content-Type") }
    let headers = isTyped ? answer.headers : answer.headers + PlainAnswer.plainText
    finish(slot) { queue in
      unsafe answer.body.withUnsafeBytes {
        unsafe queue.appendResponse(status: answer.status, headers: headers, body: $0, omitsBody: omitsBody)
      }
    }
  }

  /// Answers a request and ends the connection.
  func answer(_ slot: UInt32, status: Int, headers: [HeaderField] = PlainAnswer.plainText, body: String) {
    finish(slot) { $0.appendResponse(status: status, headers: headers, body: body) }
  }

  func finish(_ slot: UInt32, _ write: (inout ByteQueue) -> Void) {
    log.debug("a request is answered", about: subject(of: slot))
    outbox.withQueue(slot) { write(&$0) }
    outbox.touch(slot)
    connections[slot].phase = .draining
    setDeadline(slot, in: limits.closeMilliseconds)
    // While it awaited this, nothing was watched of one who has ended his side.
    if connections[slot].isEnded { watch(slot, blocked: true) }
  }
}
