import HTTP

extension Performance {
  mutating func play(_ step: Step) throws(Failure) {
    switch step.action {
    case .connect(let knock, let refused):
      for actor in step.actors { try connect(actor, knock, refused: refused.contains(actor), step) }
    case .send(let message):
      for actor in step.actors {
        let sent = try fill(message, step)
        try ask(step) { () throws(StageError) in try stage.send(actor, sent) }
      }
    case .close(let code, let template):
      let reason = try fill(template, step)
      for actor in step.actors {
        try ask(step) { () throws(StageError) in try stage.close(actor, code: code, reason: reason) }
        left.insert(actor)
      }
    case .drop:
      for actor in step.actors {
        try ask(step) { () throws(StageError) in try stage.drop(actor) }
        left.insert(actor)
      }
    case .wait(let milliseconds):
      try ask(step) { () throws(StageError) in try stage.advance(milliseconds: milliseconds) }
    case .reload(let written, let lobbiesFinish):
      let path = stage.isLive ? written : try resolve(written, step.place)
      try ask(step) { () throws(StageError) in try stage.reload(path, lobbiesFinish: lobbiesFinish) }
    case .drain(let seconds): try ask(step) { () throws(StageError) in try stage.drain(seconds: seconds) }
    case .fetch(let method, let knock): try fetch(method, knock, step)
    case .reply(let status, let body): try check(status, body, step)
    case .header(let name, let value): try check(header: name, value, step)
    case .expect(let expectation): try check(expectation, step)
    case .silence: try expectQuiet(step.actors, step, "nothing")
    case .more: break
    case .hear, .closed, .dropped, .refused, .subprotocol:
      for actor in step.actors { try hear(actor, step) }
    }
  }

  private mutating func connect(_ actor: String, _ knock: Knock, refused: Bool, _ step: Step) throws(Failure) {
    if present.contains(actor) { try expectQuiet([actor], step, "nothing more before connecting again") }
    var request = ConnectRequest()
    if let path = knock.path { request.path = try fillText(path, step) }
    request.address = knock.address
    request.headers = try fill(knock.headers, step)
    for subprotocol in knock.subprotocols { request.subprotocols.append(try fillText(subprotocol, step)) }
    try ask(step) { () throws(StageError) in try stage.connect(actor, request) }
    if !present.contains(actor) { present.append(actor) }
    left.remove(actor)
    subprotocols[actor] = nil
    if refused { return }
    let heard = try ask(step) { () throws(StageError) in try stage.next(actor, .answer) }
    guard case .opened(let subprotocol) = heard else {
      throw mismatch(step, actor, expected: "the connection to open", heard)
    }
    subprotocols[actor] = subprotocol
  }

  private func fill(_ headers: [(name: String, value: Template)], _ step: Step) throws(Failure) -> [HeaderField] {
    var filled: [HeaderField] = []
    for header in headers {
      let value = try fillText(header.value, step)
      guard let field = HeaderField(header.name, value) else {
        throw failure(step, ["no header can be \(Printed.quoted("\(header.name): \(value)"))"])
      }
      filled.append(field)
    }
    return filled
  }

  private func fill(_ message: Message, _ step: Step) throws(Failure) -> Sent {
    switch message {
    case .json(_, let template): .text(try fill(template, step, as: .json))
    case .text(let template): .text(try fill(template, step))
    case .binary(let bytes): .binary(bytes)
    case .repeated(let count, let unit): .text(Performance.repeated(count, unit))
    case .ping(let payload): .ping(try fill(payload, step))
    case .pong(let payload): .pong(try fill(payload, step))
    case .raw(let bytes): .raw(bytes)
    }
  }

  static func repeated(_ count: Int, _ unit: Template) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count * unit.prefix.count)
    for _ in 0..<count { bytes += unit.prefix }
    return bytes
  }

  private mutating func fetch(_ method: String, _ knock: Knock, _ step: Step) throws(Failure) {
    var request = PlainRequest(method: method, path: "/")
    if let path = knock.path { request.path = try fillText(path, step) }
    request.address = knock.address
    request.headers = try fill(knock.headers, step)
    if let body = knock.body { request.body = try fill(body, step, as: knock.bodyIsJSON ? .json : .plain) }
    reply = try ask(step) { () throws(StageError) in try stage.fetch(request) }
  }

  private func check(_ expectation: Expectation, _ step: Step) throws(Failure) {
    var values: [TalkValue] = []
    for name in expectation.names {
      guard let value = names[name] else {
        throw failure(step, ["$\(name) has no value: nothing was heard under this name before"])
      }
      values.append(value)
    }
    let holds: Bool
    switch expectation {
    case .matches(_, let shape, _): holds = shape.matches(values[0].plain)
    case .differs: holds = values[0] != values[1]
    case .range(_, let range):
      holds = Int64(String(decoding: values[0].plain, as: UTF8.self)).map(range.contains) ?? false
    }
    guard !holds else { return }
    throw failure(step, names.explain(expectation.names).map { "but       \($0)" })
  }
}
