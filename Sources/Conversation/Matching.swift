/// Where a message is not what was expected: a path such as `.players[2].id`, and both sides in words.
struct Difference: Sendable, Equatable {
  let path: String
  let expected: String
  let heard: String
}

/// Compares a JSON message with a pattern and binds names on the way. Collects the first differences.
struct Matching {
  static let differencesMax = 6

  var names: Names
  private(set) var differences: [Difference] = []

  init(names: Names) { self.names = names }

  mutating func match(_ pattern: TalkPattern, _ value: TalkValue, at path: String = "") {
    switch pattern {
    case .anything: break
    case .name(let name): match(name: name, value, at: path)
    case .scalar(let wanted):
      guard wanted != value else { break }
      let pair = Printed.pair(wanted, value)
      note(path, pair.expected, pair.heard)
    case .array(let wanted, let open): match(wanted, open: open, value, at: path)
    case .object(let wanted, let open): match(wanted, open: open, value, at: path)
    }
  }

  private mutating func note(_ path: String, _ expected: String, _ heard: String) {
    guard differences.count < Matching.differencesMax else { return }
    differences.append(Difference(path: path.isEmpty ? "the message" : path, expected: expected, heard: heard))
  }

  private mutating func match(name: String, _ value: TalkValue, at path: String) {
    guard let bound = names[name] else { return names.bind(name, to: value) }
    if bound != value { note(path, "$\(name), which is \(Printed.value(bound))", Printed.value(value)) }
  }

  private mutating func match(_ wanted: [TalkPattern], open: Bool, _ value: TalkValue, at path: String) {
    guard case .array(let heard) = value else { return note(path, "an array", Printed.value(value)) }
    if heard.count < wanted.count || heard.count > wanted.count && !open {
      note(path, "\(wanted.count) elements" + (open ? " or more" : ""), "\(heard.count)")
      return noteElements(wanted, open: open, heard, at: path)
    }
    for (index, (pattern, element)) in zip(wanted, heard).enumerated() {
      match(pattern, element, at: "\(path)[\(index)]")
    }
  }

  /// Lists of different length: what lies between their equal beginnings and ends, so that one element too many does
  /// not make all behind it differ.
  private mutating func noteElements(_ wanted: [TalkPattern], open: Bool, _ heard: [TalkValue], at path: String) {
    let shorter = min(wanted.count, heard.count)
    let before = zip(wanted, heard).prefix { accepts($0, $1) }.count
    // The end of an open list is not known.
    let ends = zip(wanted.reversed(), heard.reversed()).prefix(open ? 0 : shorter - before)
    let after = ends.prefix { accepts($0, $1) }.count
    let pairs = shorter - before - after
    for index in before..<(before + pairs) { match(wanted[index], heard[index], at: "\(path)[\(index)]") }
    for index in (before + pairs)..<(heard.count - after) where heard.count > shorter {
      note("\(path)[\(index)]", "no such element", Printed.value(heard[index]))
    }
    for index in (before + pairs)..<(wanted.count - after) where wanted.count > shorter {
      note("\(path)[\(index)]", wanted[index].constant.map(Printed.value) ?? "an element", "none")
    }
  }

  /// Whether a value would do, without binding names.
  private func accepts(_ pattern: TalkPattern, _ value: TalkValue) -> Bool {
    var trial = Matching(names: names)
    trial.match(pattern, value)
    return trial.differences.isEmpty
  }

  private mutating func match(_ wanted: [TalkPattern.Member], open: Bool, _ value: TalkValue, at path: String) {
    guard case .object(let heard) = value else { return note(path, "an object", Printed.value(value)) }
    var expected: Set<[UInt8]> = []
    for member in wanted {
      guard let key = key(of: member) else {
        note(path, "a key $\(keyName(member)), which is not bound yet", "an object")
        continue
      }
      expected.insert(key)
      let place = path + "." + String(decoding: key, as: UTF8.self)
      let twins = heard.filter { $0.key == key }
      switch twins.count {
      case 0: note(place, "a member", "none")
      case 1: match(member.value, twins[0].value, at: place)
      default: note(place, "one member", "\(twins.count) of that key")
      }
    }
    guard !open else { return }
    for member in heard where !expected.contains(member.key) {
      note(path + "." + String(decoding: member.key, as: UTF8.self), "no such member", Printed.value(member.value))
    }
  }

  private func key(of member: TalkPattern.Member) -> [UInt8]? {
    switch member.key {
    case .literal(let key): key
    case .name(let name): names[name]?.plain
    }
  }

  private func keyName(_ member: TalkPattern.Member) -> String {
    if case .name(let name) = member.key { return name }
    return ""
  }
}
