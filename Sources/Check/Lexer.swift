/// Cuts a Lua source into tokens. Lua has compiled it before: what is wrong is not told well here, only noticed.
struct Lexer {
  private let source: [UInt8]
  private var at = 0
  private var line = 1
  private var lineStart = 0

  private static let keywords: Set<String> = [
    "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in", "local", "nil",
    "not", "or", "repeat", "return", "then", "true", "until", "while",
  ]
  /// The longest first.
  private static let symbols = [
    "...", "<<", ">>", "//", "==", "~=", "<=", ">=", "::", "..", "+", "-", "*", "/", "%", "^", "#", "&", "~", "|", "<",
    ">", "=", "(", ")", "{", "}", "[", "]", ";", ":", ",", ".",
  ].map { (text: $0, bytes: Array($0.utf8)) }

  private init(_ source: [UInt8]) { self.source = source }

  /// All tokens, an `end` behind them.
  static func tokens(of source: [UInt8]) throws(UnreadableSource) -> [Token] {
    var lexer = Lexer(source)
    if source.first == UInt8(ascii: "#") { lexer.skipLine() }
    var tokens: [Token] = []
    repeat { tokens.append(try lexer.next()) } while tokens.last?.kind != .end
    return tokens
  }

  private var place: Place { Place(line: line, column: at - lineStart + 1) }

  private func peek(_ ahead: Int = 0) -> UInt8? { at + ahead < source.count ? source[at + ahead] : nil }

  private mutating func step() {
    if source[at] == UInt8(ascii: "\n") {
      line += 1
      lineStart = at + 1
    }
    at += 1
  }

  private mutating func skipLine() {
    while let byte = peek(), byte != UInt8(ascii: "\n") { at += 1 }
  }

  private mutating func skipBlanks() throws(UnreadableSource) {
    while let byte = peek() {
      if byte == UInt8(ascii: " ") || (9...13).contains(byte) {
        step()
      } else if byte == UInt8(ascii: "-"), peek(1) == byte {
        at += 2
        if let level = longBracketLevel() { _ = try longString(level) } else { skipLine() }
      } else {
        return
      }
    }
  }

  private mutating func next() throws(UnreadableSource) -> Token {
    try skipBlanks()
    let place = place
    guard let byte = peek() else { return Token(kind: .end, text: "", place: place) }
    if byte.isNameStart {
      let name = text { $0.isNameStart || $0.isDigit }
      return Token(kind: Self.keywords.contains(name) ? .keyword : .name, text: name, place: place)
    }
    if byte.isDigit || (byte == UInt8(ascii: ".") && peek(1)?.isDigit == true) {
      return Token(kind: .number, text: number(), place: place)
    }
    if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
      return Token(kind: .string, text: try shortString(byte), place: place)
    }
    if let level = longBracketLevel() { return Token(kind: .string, text: try longString(level), place: place) }
    guard let symbol = Self.symbols.first(where: { source[at...].starts(with: $0.bytes) }) else {
      throw UnreadableSource(place: place)
    }
    at += symbol.bytes.count
    return Token(kind: .symbol, text: symbol.text, place: place)
  }

  private mutating func text(while isPart: (UInt8) -> Bool) -> String {
    let start = at
    while let byte = peek(), isPart(byte) { at += 1 }
    return String(decoding: source[start..<at], as: UTF8.self)
  }

  /// Exponents have a sign; everything else of a number is letters, digits and dots.
  private mutating func number() -> String {
    let start = at
    let isHexadecimal = peek() == UInt8(ascii: "0") && (peek(1).map { $0 | 0x20 } == UInt8(ascii: "x"))
    let exponent = isHexadecimal ? UInt8(ascii: "p") : UInt8(ascii: "e")
    while let byte = peek() {
      if byte | 0x20 == exponent, peek(1) == UInt8(ascii: "+") || peek(1) == UInt8(ascii: "-") {
        at += 2
      } else if byte.isNameStart || byte.isDigit || byte == UInt8(ascii: ".") {
        at += 1
      } else {
        break
      }
    }
    return String(decoding: source[start..<at], as: UTF8.self)
  }

  /// The number of `=` in `[==[`; nil when that does not stand here.
  private func longBracketLevel() -> Int? {
    guard peek() == UInt8(ascii: "[") else { return nil }
    var level = 0
    while peek(1 + level) == UInt8(ascii: "=") { level += 1 }
    return peek(1 + level) == UInt8(ascii: "[") ? level : nil
  }

  private mutating func longString(_ level: Int) throws(UnreadableSource) -> String {
    let place = place
    at += level + 2
    if peek() == UInt8(ascii: "\r") { at += 1 }
    if peek() == UInt8(ascii: "\n") { step() }
    let start = at
    let end = [UInt8(ascii: "]")] + Array(repeating: UInt8(ascii: "="), count: level) + [UInt8(ascii: "]")]
    while at < source.count {
      if source[at] == end[0], source[at...].starts(with: end) {
        at += end.count
        return String(decoding: source[start..<at - end.count], as: UTF8.self)
      }
      step()
    }
    throw UnreadableSource(place: place)
  }

  private mutating func shortString(_ quote: UInt8) throws(UnreadableSource) -> String {
    let place = place
    var value: [UInt8] = []
    at += 1
    while let byte = peek() {
      if byte == quote {
        at += 1
        return String(decoding: value, as: UTF8.self)
      }
      if byte == UInt8(ascii: "\\") {
        at += 1
        escape(into: &value)
      } else {
        value.append(byte)
        step()
      }
    }
    throw UnreadableSource(place: place)
  }

  /// What stands behind a backslash.
  private mutating func escape(into value: inout [UInt8]) {
    guard let byte = peek() else { return }
    switch byte {
    case UInt8(ascii: "z"):
      at += 1
      while let blank = peek(), blank == UInt8(ascii: " ") || (9...13).contains(blank) { step() }
    case UInt8(ascii: "x"):
      at += 1
      value.append(UInt8(truncatingIfNeeded: digits(2, radix: 16)))
    case UInt8(ascii: "u"):
      at += 2
      let code = digits(8, radix: 16)
      at += 1
      value += Array(String(Unicode.Scalar(UInt32(truncatingIfNeeded: code)) ?? "?").utf8)
    case let digit where digit.isDigit: value.append(UInt8(truncatingIfNeeded: digits(3, radix: 10)))
    default:
      let plain: [UInt8: UInt8] = [
        UInt8(ascii: "n"): 10, UInt8(ascii: "t"): 9, UInt8(ascii: "r"): 13, UInt8(ascii: "a"): 7,
        UInt8(ascii: "b"): 8, UInt8(ascii: "f"): 12, UInt8(ascii: "v"): 11,
      ]
      value.append(plain[byte] ?? byte)
      step()
    }
  }

  private mutating func digits(_ countMax: Int, radix: Int) -> Int {
    var value = 0
    for _ in 0..<countMax {
      guard let byte = peek(), let digit = Character(Unicode.Scalar(byte)).hexDigitValue, digit < radix else { break }
      value = value &* radix &+ digit
      at += 1
    }
    return value
  }
}

extension UInt8 {
  fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
  fileprivate var isNameStart: Bool {
    self == UInt8(ascii: "_") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20)
  }
}
