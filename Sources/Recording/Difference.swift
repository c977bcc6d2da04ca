import Conversation

/// What came of an event in the replay, where that is not what came of it when it was recorded.
public struct Difference: Sendable {
  /// `file:line` of the event; of a timer that only runs now, of the event after it.
  public let place: String
  /// Counted from 1, over all events of the mount.
  public let number: Int
  /// Milliseconds since the beginning.
  public let milliseconds: UInt64
  /// What happened.
  public let event: String
  /// One fact a line.
  public let details: [String]

  /// As it is printed, a line each.
  public var lines: [String] {
    let fraction = String(1000 + milliseconds % 1000).dropFirst()
    return ["\(place): event \(number), \(milliseconds / 1000).\(fraction) s: \(event)"] + details.map { "  " + $0 }
  }
}

/// Compares then with now.
struct Comparison {
  private static let valuesMax = 6

  private(set) var details: [String] = []

  /// By peer, each in order: who hears first is nothing that peers could tell.
  mutating func compare(_ then: [RecordedEvent.Hearing], _ now: [RecordedEvent.Hearing]) {
    for peer in Set((then + now).map(\.peer)).sorted() {
      compare(
        "peer \(peer)", then.filter { $0.peer == peer }.map(\.heard), now.filter { $0.peer == peer }.map(\.heard))
    }
  }

  private mutating func compare(_ who: String, _ then: [Heard], _ now: [Heard]) {
    var (then, now) = (then[...], now[...])
    while let first = then.first, let other = now.first, Self.isSame(first, other) {
      then.removeFirst()
      now.removeFirst()
    }
    while let last = then.last, let other = now.last, Self.isSame(last, other) {
      then.removeLast()
      now.removeLast()
    }
    for index in 0..<max(then.count, now.count) {
      let (was, isNow) = (then.dropFirst(index).first, now.dropFirst(index).first)
      note(who, was?.printed ?? "nothing", isNow?.printed ?? "nothing")
      guard case .text(let old)? = was, case .text(let new)? = isNow else { continue }
      guard let old = try? TalkValue(parsing: old), let new = try? TalkValue(parsing: new) else { continue }
      var values: [String] = []
      Self.collect(old, new, at: "", into: &values)
      details += values.prefix(Self.valuesMax).map { "  differs  \($0)" }
    }
  }

  mutating func note(_ who: String, _ then: String, _ now: String) {
    guard then != now else { return }
    details.append("\(who)  then  \(then)")
    details.append(String(repeating: " ", count: who.utf8.count) + "  now   \(now)")
  }

  mutating func compare(_ then: RecordedVerdict, _ now: RecordedVerdict) {
    switch (then, now) {
    case (.accepted(let old), .accepted(let new)):
      note("handshake", "accepted" + (old.map { " with \($0)" } ?? ""), "accepted" + (new.map { " with \($0)" } ?? ""))
    case (.refused(let old), .refused(let new)): compare("handshake", old, new)
    case (.accepted, .refused(let new)): note("handshake", "accepted", "refused \(Self.words(new))")
    case (.refused(let old), .accepted): note("handshake", "refused \(Self.words(old))", "accepted")
    }
  }

  mutating func compare(_ who: String, _ then: RecordedAnswer?, _ now: RecordedAnswer?) {
    note(who, then.map(Self.words) ?? "no answer", now.map(Self.words) ?? "no answer")
    guard let then, let now else { return }
    if then.body != now.body, Self.words(then) == Self.words(now) { details.append("\(who)  another body") }
    for field in then.headers where !now.headers.contains(field) {
      details.append("\(who)  then  \(field.name): \(field.value)")
    }
    for field in now.headers where !then.headers.contains(field) {
      details.append("\(who)  now   \(field.name): \(field.value)")
    }
  }

  private static func words(_ answer: RecordedAnswer) -> String {
    Heard.refused(status: answer.status, body: answer.body).printed.replacing("refused ", with: "", maxReplacements: 1)
  }

  /// JSON by value, everything else byte for byte.
  static func isSame(_ then: Heard, _ now: Heard) -> Bool {
    if then == now { return true }
    guard case .text(let old) = then, case .text(let new) = now else { return false }
    guard let old = try? TalkValue(parsing: old), let new = try? TalkValue(parsing: new) else { return false }
    return old == new
  }

  private static func collect(_ then: TalkValue, _ now: TalkValue, at path: String, into lines: inout [String]) {
    guard then != now else { return }
    switch (then, now) {
    case (.object(let old), .object(let new)):
      for member in old {
        let place = "\(path).\(String(decoding: member.key, as: UTF8.self))"
        guard let twin = new.first(where: { $0.key == member.key }) else {
          lines.append("\(place): then \(words(member.value)), now none")
          continue
        }
        collect(member.value, twin.value, at: place, into: &lines)
      }
      for member in new where !old.contains(where: { $0.key == member.key }) {
        lines.append("\(path).\(String(decoding: member.key, as: UTF8.self)): then none, now \(words(member.value))")
      }
    case (.array(let old), .array(let new)) where old.count == new.count:
      for (index, pair) in zip(old, new).enumerated() { collect(pair.0, pair.1, at: "\(path)[\(index)]", into: &lines) }
    default: lines.append("\(path): then \(words(then)), now \(words(now))")
    }
  }

  private static func words(_ value: TalkValue) -> String {
    let text = String(decoding: value.json, as: UTF8.self)
    return text.count > 120 ? text.prefix(120) + "…" : text
  }
}
