/// Bytes with `$names` in between, such as the path `/room/$lobby` or the text `"I: $bob\n"`.
struct Template: Sendable, Equatable {
  enum Piece: Sendable, Equatable {
    case literal([UInt8])
    case name(String)
  }
  /// How a name's value is written: as JSON, or a string without its quotes.
  enum Spelling { case json, plain }

  private(set) var pieces: [Piece] = []

  mutating func append(_ byte: UInt8) { append([byte]) }

  mutating func append(_ bytes: [UInt8]) {
    if case .literal(let before) = pieces.last {
      pieces[pieces.count - 1] = .literal(before + bytes)
    } else if !bytes.isEmpty {
      pieces.append(.literal(bytes))
    }
  }

  mutating func append(name: String) { pieces.append(.name(name)) }

  var names: [String] {
    pieces.compactMap { piece in
      if case .name(let name) = piece { return name }
      return nil
    }
  }

  /// The literal bytes before the first name.
  var prefix: [UInt8] {
    if case .literal(let bytes) = pieces.first { return bytes }
    return []
  }

  func fill(_ names: Names, as spelling: Spelling = .plain) throws(UnknownName) -> [UInt8] {
    var out: [UInt8] = []
    for piece in pieces {
      switch piece {
      case .literal(let bytes): out += bytes
      case .name(let name):
        guard let value = names[name] else { throw UnknownName(name: name) }
        out += spelling == .json ? value.json : value.plain
      }
    }
    return out
  }

  /// Whether `bytes` are the template. A name not bound yet takes one byte or more, up to the first place
  /// where what follows it stands, or to the end; `$_` does so each time.
  func matches(_ bytes: [UInt8], _ names: inout Names) -> Bool {
    var bound = names
    var index = 0
    for (position, piece) in pieces.enumerated() {
      switch piece {
      case .literal(let literal):
        guard bytes[index...].starts(with: literal) else { return false }
        index += literal.count
      case .name(let name):
        if name != "_", let value = bound[name]?.plain {
          guard bytes[index...].starts(with: value) else { return false }
          index += value.count
        } else {
          guard let end = endOfName(at: position, from: index, in: bytes, bound) else { return false }
          if name != "_" { bound.bind(name, to: .string(Array(bytes[index..<end]))) }
          index = end
        }
      }
    }
    guard index == bytes.count else { return false }
    names = bound
    return true
  }

  private func endOfName(at position: Int, from start: Int, in bytes: [UInt8], _ names: Names) -> Int? {
    guard start < bytes.count else { return nil }
    guard position + 1 < pieces.count else { return bytes.count }
    let needle: [UInt8]
    switch pieces[position + 1] {
    case .literal(let literal): needle = literal
    case .name(let name): needle = names[name]?.plain ?? []
    }
    guard !needle.isEmpty else { return bytes.count }
    var end = start + 1
    while end + needle.count <= bytes.count {
      if bytes[end...].starts(with: needle) { return end }
      end += 1
    }
    return nil
  }
}
