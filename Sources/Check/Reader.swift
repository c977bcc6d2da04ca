/// Reads one file that Lua has compiled: which names mean what, what is called, and with what (Lua 5.4 manual §9).
///
/// Values of variables are joined over everything that is assigned to them, parameters of local functions over all
/// calls, those of hooks are what the relay hands in. That takes several readings: see `facts`.
struct Reader {
  struct Variable {
    let declaration: Int
    let name: String
  }

  let tokens: [Token]
  let libraries: [String: Set<String>]
  /// Only scripts have hooks; modules only what others do with them.
  let isScript: Bool
  let known: Knowledge
  var at = 0
  var scopes: [[String: Variable]] = [[:]]
  var facts = Facts()
  var next = Knowledge()

  // Local functions by the declaration of their variable, for the values of their parameters.
  var parametersOf: [Int: [Int]] = [:]
  var callsOf: [Int: [Arguments]] = [:]
  /// Functions that are used otherwise than by calls that can be seen.
  var escaped: Set<Int> = []

  private static let readings = 4
  /// Blocks and expressions in each other. Lua's own bound is 200 (LUAI_MAXCCALLS); a thread's stack is small.
  private static let depthMax = 100
  private var depth = 0

  /// Reads a file. `knowsAllTimers` tells that timers are started nowhere else.
  static func facts(
    of source: [UInt8], isScript: Bool, knowsAllTimers: Bool, libraries: [String: Set<String>]
  ) throws(UnreadableSource) -> Facts {
    let tokens = try Lexer.tokens(of: source)
    var known = Knowledge()
    var facts = Facts()
    for _ in 0..<readings {
      var reader = Reader(tokens: tokens, libraries: libraries, isScript: isScript, known: known)
      try reader.readFile()
      facts = reader.facts
      known = reader.next
      if !knowsAllTimers || facts.startsUnknownTimers { known.timerSubjects = [:] }
    }
    return facts
  }

  private init(tokens: [Token], libraries: [String: Set<String>], isScript: Bool, known: Knowledge) {
    self.tokens = tokens
    self.libraries = libraries
    self.isScript = isScript
    self.known = known
  }

  private mutating func readFile() throws(UnreadableSource) {
    try readBlock()
    guard token.kind == .end else { throw UnreadableSource(place: token.place) }
    for (function, parameters) in parametersOf {
      let calls = escaped.contains(function) ? [] : callsOf[function] ?? []
      for (position, parameter) in parameters.enumerated() {
        for call in calls { assign(call.value(position), to: parameter) }
        if calls.isEmpty { assign(.unknown, to: parameter) }
      }
    }
    for start in facts.timersStarted {
      let before = next.timerSubjects[start.name]
      next.timerSubjects[start.name] = before.map { $0.joined(start.receiver) } ?? start.receiver
    }
  }

  // MARK: Tokens

  var token: Token { tokens[at] }
  var following: Token { tokens[min(at + 1, tokens.count - 1)] }

  @discardableResult
  mutating func take() -> Token {
    defer { if at < tokens.count - 1 { at += 1 } }
    return token
  }

  mutating func accept(_ text: String) -> Bool {
    guard token.isSymbol(text) || token.isKeyword(text) else { return false }
    take()
    return true
  }

  mutating func expect(_ text: String) throws(UnreadableSource) {
    guard accept(text) else { throw UnreadableSource(place: token.place) }
  }

  mutating func expectName() throws(UnreadableSource) -> Token {
    guard token.kind == .name else { throw UnreadableSource(place: token.place) }
    return take()
  }

  /// Enters a block or an expression. Whoever enters leaves, or throws.
  mutating func enter() throws(UnreadableSource) {
    depth += 1
    if depth > Self.depthMax { throw UnreadableSource(place: token.place) }
  }

  mutating func leave() { depth -= 1 }

  // MARK: Variables

  func variable(_ name: String) -> Variable? {
    for scope in scopes.reversed() { if let found = scope[name] { return found } }
    return nil
  }

  /// Declares the name that token `position` is.
  mutating func declare(_ position: Int, _ value: Value?) {
    declare(tokens[position].text, position, value)
  }

  mutating func declare(_ name: String, _ position: Int, _ value: Value?) {
    scopes[scopes.count - 1][name] = Variable(declaration: position, name: name)
    if let value { assign(value, to: position) }
  }

  mutating func assign(_ value: Value, to declaration: Int) {
    var value = value
    // Later something may be put into it.
    if value.kind == .table { value.names = nil }
    next.values[declaration] = next.values[declaration].map { $0.joined(value) } ?? value
  }

  func value(of variable: Variable) -> Value { known.values[variable.declaration] ?? .unknown }

  /// Notes a name that is no local one; answers what it stands for.
  mutating func readGlobal(_ name: Token) -> Value {
    if name.text == "_ENV" { return .certain(.environment) }
    if variable("_ENV") != nil { return .unknown }
    facts.globalsRead.append(use(name))
    if name.text == "mount" { return .certain(.reference("mount")) }
    return libraries[name.text]?.isEmpty == false ? .certain(.library(name.text)) : .unknown
  }

  func use(_ name: Token) -> Facts.Use {
    Facts.Use(name: name.text, place: name.place, locals: scopes.flatMap { $0.keys })
  }

  mutating func writeGlobal(_ name: Token) {
    if variable("_ENV") != nil { return }
    if name.text == "_ENV" {
      facts.replacesEnvironment = true
    } else {
      facts.globalsWritten.append(use(name))
    }
  }
}

/// What a call is given.
struct Arguments {
  var values: [Value] = []
  /// The last one is a call or `...`: there may be any number more, or one less.
  var isOpen = false

  func value(_ position: Int) -> Value {
    if position < values.count - (isOpen ? 1 : 0) { return values[position] }
    if isOpen {
      guard position == values.count - 1 else { return .unknown }
      return Value(kind: values[position].kind, names: values[position].names)
    }
    return .certain(.absent)
  }
}
