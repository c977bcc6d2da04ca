import HTTP

extension Performance {
  /// Takes the next that `actor` heard and compares it with `step`.
  mutating func hear(_ actor: String, _ step: Step) throws(Failure) {
    if case .subprotocol(let wanted) = step.action { return try check(subprotocol: wanted, actor, step) }
    let heard = try ask(step) { () throws(StageError) in try stage.next(actor, .answer) }
    switch step.action {
    case .hear(let message): try match(message, heard, actor, step)
    case .refused(let status, let body): try matchRefusal(status, body, heard, actor, step)
    case .dropped:
      guard case .dropped = heard else { throw mismatch(step, actor, expected: "dropped", heard) }
      left.insert(actor)
    case .closed(let closing): try match(closing, heard, actor, step)
    default: preconditionFailure("not a step that hears")
    }
  }

  private mutating func match(_ message: Message, _ heard: Heard?, _ actor: String, _ step: Step) throws(Failure) {
    var matched = false
    switch (message, heard) {
    case (.json(let pattern, _), .text(let bytes)?):
      return try match(pattern, bytes, step, heard: mismatch(step, actor, expected: words(message), heard))
    case (.text(let template), .text(let bytes)?), (.pong(let template), .pong(let bytes)?):
      matched = template.matches(bytes, &names)
    case (.binary(let wanted), .binary(let bytes)?): matched = wanted == bytes
    case (.repeated(let count, let unit), .text(let bytes)?): matched = bytes == Performance.repeated(count, unit)
    default: break
    }
    guard matched else {
      throw addingExcerpts(message, heard, to: mismatch(step, actor, expected: words(message), heard))
    }
  }

  /// Long texts are cut in a report, often before the place where they differ.
  private func addingExcerpts(_ message: Message, _ heard: Heard?, to failure: Failure) -> Failure {
    guard case .text(let template) = message, case .text(let bytes)? = heard, let wanted = try? template.fill(names),
      let pair = Printed.excerpts(wanted, bytes)
    else { return failure }
    var failure = failure
    failure.details.append("differs   expected \(pair.expected), heard \(pair.heard)")
    return failure
  }

  /// By value. `heard` is the failure to add the differences to.
  private mutating func match(
    _ pattern: TalkPattern, _ bytes: [UInt8], _ step: Step, heard: Failure
  ) throws(Failure) {
    let value: TalkValue
    do throws(JSONMistake) {
      value = try TalkValue(parsing: bytes)
    } catch {
      let difference = "differs   what was heard is not JSON: \(error.message), at byte \(error.offset)"
      throw failure(step, heard.details + [difference])
    }
    var matching = Matching(names: names)
    matching.match(pattern, value)
    guard matching.differences.isEmpty else {
      let lines = matching.differences.map { "differs   \($0.path): expected \($0.expected), heard \($0.heard)" }
      throw failure(step, heard.details + lines)
    }
    names = matching.names
  }

  /// What was expected, as the file has it.
  private func words(_ message: Message) -> String {
    switch message {
    case .json(_, let template), .text(let template), .pong(let template):
      let written = template.pieces.reduce(into: [UInt8]()) { out, piece in
        switch piece {
        case .literal(let bytes): out += bytes
        case .name(let name): out += "$\(name)".utf8
        }
      }
      if case .json = message { return Printed.line(String(decoding: written, as: UTF8.self)) }
      if case .pong = message { return "pong \(Printed.text(written))" }
      return "text \(Printed.text(written))"
    case .binary(let bytes): return Printed.binary(bytes)
    case .repeated(let count, let unit): return "\(count) times \(Printed.text(unit.prefix))"
    case .ping, .raw: return "bytes"
    }
  }

  private mutating func match(
    _ closing: Closing, _ heard: Heard?, _ actor: String, _ step: Step
  ) throws(Failure) {
    var matched = false
    if case .closed(let code, let reason)? = heard {
      switch closing {
      case .any: matched = true
      case .withoutCode: matched = code == nil
      case .code(let wanted, let template):
        matched = wanted == code && template.map { $0.matches(reason, &names) } ?? true
      }
    }
    guard matched else {
      let wanted = step.source.split(separator: " ").drop { $0 != "closed" }.joined(separator: " ")
      throw mismatch(step, actor, expected: wanted, heard)
    }
    left.insert(actor)
  }

  private mutating func matchRefusal(
    _ status: Int, _ body: Template?, _ heard: Heard?, _ actor: String, _ step: Step
  ) throws(Failure) {
    guard case .refused(status, let bytes)? = heard, body.map({ $0.matches(bytes, &names) }) ?? true else {
      let wanted = step.source.split(separator: " ").drop { $0 != "refused" }.joined(separator: " ")
      throw mismatch(step, actor, expected: wanted, heard)
    }
    left.insert(actor)
  }

  private mutating func check(subprotocol: Template?, _ actor: String, _ step: Step) throws(Failure) {
    let chosen = subprotocols[actor]
    let matched: Bool
    switch (subprotocol, chosen) {
    case (nil, nil): matched = true
    case (let template?, let chosen?): matched = template.matches(Array(chosen.utf8), &names)
    default: matched = false
    }
    guard matched else { throw mismatch(step, actor, expected: "what is written", .opened(subprotocol: chosen)) }
  }

  /// Nobody of `actors` may have heard anything that no step took. Who closed by itself may hear the answer.
  mutating func expectQuiet(_ actors: [String], _ step: Step, _ expected: String) throws(Failure) {
    var patience = Patience.silence
    for actor in actors {
      while let heard = try ask(step, { () throws(StageError) in try stage.next(actor, patience) }) {
        switch heard {
        case .closed where left.contains(actor), .dropped where left.contains(actor): continue
        default: throw mismatch(step, actor, expected: expected, heard)
        }
      }
      patience = .none
    }
  }

  mutating func check(_ status: Int, _ body: Body, _ step: Step) throws(Failure) {
    guard let reply else { throw failure(step, ["no request has been made"]) }
    let heard = "heard     \(reply.status) \(Printed.message(reply.body))"
    let wanted = step.source.split(separator: " ").dropFirst().joined(separator: " ")
    let unlike = failure(
      step, ["expected  \(Printed.line(wanted))", heard] + names.explain(body.names).map { "where     \($0)" })
    guard reply.status == status else { throw unlike }
    switch body {
    case .any: break
    case .json(let pattern): try match(pattern, reply.body, step, heard: unlike)
    case .text(let template):
      guard template.matches(reply.body, &names) else { throw unlike }
    case .containing(let template):
      let needle = try fill(template, step)
      guard Performance.contains(reply.body, needle) else { throw unlike }
    }
  }

  static func contains(_ bytes: [UInt8], _ needle: [UInt8]) -> Bool {
    guard needle.count <= bytes.count else { return false }
    return (0...(bytes.count - needle.count)).contains { bytes[$0...].starts(with: needle) }
  }

  mutating func check(header name: String, _ value: Template, _ step: Step) throws(Failure) {
    let found = (reply?.headers ?? []).filter { $0.isNamed(name) }
    for header in found where value.matches(Array(header.value.utf8), &names) { return }
    let heard = found.isEmpty ? "no such header" : found.map(\.value).joined(separator: " and ")
    throw failure(step, ["expected  \(Printed.line(step.source))", "heard     \(heard)"])
  }
}
