/// What a JSON message must look like: a JSON value in which `$name` stands for a value that is bound at
/// its first use, `$_` for any value, and a last `...` for further members or elements.
indirect enum TalkPattern: Sendable, Equatable {
  enum Key: Sendable, Equatable {
    case literal([UInt8])
    /// A member whose key is the text of a name that is bound already.
    case name(String)
  }
  struct Member: Sendable, Equatable {
    let key: Key
    let value: TalkPattern
  }

  case scalar(TalkValue)
  case anything
  case name(String)
  case array([TalkPattern], open: Bool)
  case object([Member], open: Bool)

  /// The value itself when the pattern leaves nothing open.
  var constant: TalkValue? {
    switch self {
    case .scalar(let value): return value
    case .anything, .name: return nil
    case .array(let elements, let open):
      let values = elements.compactMap(\.constant)
      return open || values.count < elements.count ? nil : .array(values)
    case .object(let members, let open):
      var values: [TalkValue.Member] = []
      for member in members {
        guard case .literal(let key) = member.key, let value = member.value.constant else { return nil }
        values.append(TalkValue.Member(key: key, value: value))
      }
      return open ? nil : .object(values)
    }
  }

  /// The names in it.
  var names: [String] {
    switch self {
    case .scalar, .anything: return []
    case .name(let name): return [name]
    case .array(let elements, _): return elements.flatMap(\.names)
    case .object(let members, _):
      return members.flatMap { member in
        if case .name(let name) = member.key { return [name] + member.value.names }
        return member.value.names
      }
    }
  }
}
