/// A word of a Lua source (Lua 5.4 manual §3.1).
struct Token: Equatable {
  enum Kind {
    case name
    case keyword
    case string
    case number
    case symbol
    case end
  }

  let kind: Kind
  /// As written; of a string, its value.
  let text: String
  let place: Place

  func isSymbol(_ symbol: String) -> Bool { kind == .symbol && text == symbol }
  func isKeyword(_ keyword: String) -> Bool { kind == .keyword && text == keyword }
}

/// A source that this room cannot read, though Lua can.
struct UnreadableSource: Error {
  let place: Place
}
