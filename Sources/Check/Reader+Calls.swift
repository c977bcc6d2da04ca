import WebSocket

extension Reader {
  private var isCall: Bool {
    token.isSymbol("(") || token.isSymbol("{") || token.kind == .string
  }

  /// A name or an expression in parentheses, and everything behind it. `asTarget` at the start of a statement.
  mutating func readSuffixed(asTarget: Bool) throws(UnreadableSource) -> Expression {
    var expression = try readPrimary(asTarget: asTarget)
    var names: [String] = []
    let base = expression.target.flatMap { if case .variable(let variable) = $0 { variable.declaration } else { nil } }
    while true {
      let owner = expression.value
      let place = token.place
      if accept(".") {
        let name = try expectName()
        names.append(name.text)
        let isTarget = asTarget && (token.isSymbol("=") || token.isSymbol(","))
        expression = Expression(value: member(name, of: owner, isTarget: isTarget), place: name.place)
        expression.target = .field(base: base, names, name.place)
        if case .reference = owner.kind { expression.target = .attribute(owner, name) }
        if owner.kind == .environment { expression.target = .global(name) }
        if isCall { expression = try readFunctionCall(of: name, owner) }
      } else if accept("[") {
        _ = try readExpression()
        try expect("]")
        if asTarget, owner.kind == .settings, token.isSymbol("=") || token.isSymbol(",") {
          facts.extendsSettings = true
        }
        expression = Expression(target: .element(names), place: place)
      } else if accept(":") {
        expression = try readMethodCall(of: owner)
      } else if isCall {
        let arguments = try readArguments()
        if let base, names.isEmpty, expression.target != nil { callsOf[base, default: []].append(arguments) }
        noteGlobal(expression, arguments)
        expression = Expression(arguments: arguments, isOpen: true, place: expression.place)
      } else {
        return expression
      }
    }
  }

  private mutating func readPrimary(asTarget: Bool) throws(UnreadableSource) -> Expression {
    let place = token.place
    if accept("(") {
      var inner = try readExpression()
      try expect(")")
      inner = Expression(value: inner.value, place: place)
      return inner
    }
    let name = try expectName()
    let isTarget = asTarget && (token.isSymbol("=") || token.isSymbol(","))
    if let variable = variable(name.text) {
      if !isCall && !isTarget { escaped.insert(variable.declaration) }
      return Expression(value: value(of: variable), target: .variable(variable), place: place)
    }
    if isTarget { return Expression(target: .global(name), place: place) }
    return Expression(value: readGlobal(name), target: .global(name), place: place)
  }

  private mutating func readArguments() throws(UnreadableSource) -> Arguments {
    if token.kind == .string {
      facts.strings.insert(token.text)
      return Arguments(values: [Value(kind: .string, isCertain: true, text: take().text)])
    }
    if token.isSymbol("{") { return Arguments(values: [try readTable(as: .plain)]) }
    try expect("(")
    if accept(")") { return Arguments() }
    let arguments = try readExpressionList()
    try expect(")")
    return arguments
  }

  private mutating func noteGlobal(_ callee: Expression, _ arguments: Arguments) {
    guard case .global(let name)? = callee.target else { return }
    facts.globalsCalled.insert(name.text)
    if name.text == "require", let module = arguments.value(0).text { facts.modules.append(module) }
    // A metatable may answer names that are not there.
    if name.text == "setmetatable", arguments.value(0).kind == .settings { facts.extendsSettings = true }
  }

  // MARK: Members

  /// `owner.name`, when that is a value.
  private mutating func member(_ name: Token, of owner: Value, isTarget: Bool) -> Value {
    switch owner.kind {
    case .environment: return isTarget ? .unknown : readGlobal(name)
    case .library(let library):
      if isTarget {
        report(name, .error, "cannot set '\(name.text)': the table '\(library)' is read-only")
      } else {
        facts.members.append((library, use(name), isCall))
      }
      return .unknown
    case .settings:
      if !isTarget, let names = owner.names { facts.settingsRead.append((use(name), names)) }
      return .unknown
    default:
      if owner.kind == .unknown, !isCall, !isTarget { facts.fieldsRead.insert(name.text) }
      return .unknown
    }
  }

  private mutating func readFunctionCall(of name: Token, _ owner: Value) throws(UnreadableSource) -> Expression {
    let arguments = try readArguments()
    var call = Expression(arguments: arguments, isOpen: true, place: name.place)
    switch owner.kind {
    case .library(let library):
      if library == "relay", name.text == "settings" {
        call.value = Value(kind: .settings, isCertain: true, names: arguments.value(0).names)
      }
      guard let operation = Api.shared.operations[library]?[name.text] else { break }
      check(operation, arguments, name)
      finish(&call, operation)
    case .reference(let receiver):
      guard Api.shared.operations[receiver]?[name.text] != nil else {
        reportNoMethod(name, receiver)
        break
      }
      let first = arguments.value(0)
      guard first.kind != .unknown, first.kind != owner.kind else { break }
      report(name, .error, "'\(name.text)' is called with a colon: \(receiver):\(name.text)(…)")
    default: break
    }
    return call
  }

  private mutating func readMethodCall(of owner: Value) throws(UnreadableSource) -> Expression {
    let name = try expectName()
    let arguments = try readArguments()
    var call = Expression(arguments: arguments, isOpen: true, place: name.place)
    var receiver = owner
    switch owner.kind {
    case .reference(let kind):
      guard let operation = Api.shared.operations[kind]?[name.text] else {
        reportNoMethod(name, kind)
        break
      }
      check(operation, arguments, name)
      finish(&call, operation)
    case .string:
      if libraries["string"]?.contains(name.text) == false {
        report(name, .error, "string has no method '\(name.text)'", nearest: libraries["string"] ?? [])
      }
    case .library, .list, .environment: break
    default:
      receiver = .unknown
      facts.methodsCalled.append(use(name))
    }
    if Self.readers.contains(name.text) { facts.paths.formUnion(arguments.values.compactMap(\.text)) }
    if name.text == "after" { noteStart(arguments, receiver, name) }
    return call
  }

  /// The methods of messages that take paths.
  private static let readers: Set<String> = ["string", "integer", "number", "boolean", "kind", "raw"]

  private func finish(_ call: inout Expression, _ operation: Api.Operation) {
    call.results = operation.results
    call.value = operation.results.first ?? .unknown
  }

  private mutating func noteStart(_ arguments: Arguments, _ receiver: Value, _ name: Token) {
    if let timer = arguments.value(1).text {
      facts.timersStarted.append(Facts.Start(name: timer, place: name.place, receiver: receiver))
    } else {
      facts.startsUnknownTimers = true
    }
  }

  // MARK: What is wrong with a call

  mutating func report(
    _ name: Token, _ severity: Finding.Severity, _ message: String, nearest names: some Collection<String> = [String]()
  ) {
    let meant = Spelling.nearest(to: name.text, in: Array(names)).map { ": did you mean '\($0)'?" } ?? ""
    facts.findings.append((name.place, severity, message + meant))
  }

  private mutating func reportNoMethod(_ name: Token, _ receiver: String) {
    report(
      name, .error, "\(receiver) has no method '\(name.text)'",
      nearest: Api.shared.operations[receiver]?.keys.sorted() ?? [])
  }

  mutating func checkAttribute(_ owner: Value, _ name: Token, _ value: Value) {
    guard case .reference(let receiver) = owner.kind else { return }
    if receiver == "message" || receiver == "request" {
      report(name, .error, "a \(receiver) lives as long as its hook and keeps no attributes; set them on the peer")
    } else if Api.shared.operations[receiver]?[name.text] != nil {
      report(name, .error, "'\(name.text)' is a method of \(receiver): choose another name for the attribute")
    } else if let kind = Self.unkept(value) {
      report(name, .error, "attribute '\(name.text)': nil, a boolean, a number or a string is kept, not a \(kind)")
    }
  }

  /// What no attribute can be.
  private static func unkept(_ value: Value) -> String? {
    switch value.kind {
    case .table, .settings, .list, .library, .function, .reference: value.name
    default: nil
    }
  }

  private mutating func check(_ operation: Api.Operation, _ arguments: Arguments, _ name: Token) {
    let parameters = operation.parameters
    let given = arguments.values.count - (arguments.isOpen ? 1 : 0)
    for (position, parameter) in parameters.enumerated() {
      if parameter.takesAll { return }
      if position < given {
        checkType(of: arguments.values[position], parameter, position, operation, name)
      } else if !arguments.isOpen, !parameter.takesNothing {
        report(name, .error, "\(operation.written) lacks argument \(position + 1), '\(parameter.name)'")
        return
      }
    }
    checkWords(of: arguments, operation, name)
    guard given > parameters.count else { return }
    let most =
      switch parameters.count {
      case 0: "no arguments"
      case 1: "at most 1 argument"
      default: "at most \(parameters.count) arguments"
      }
    report(name, .warning, "\(operation.written) takes \(most), not \(given)")
  }

  private mutating func checkType(
    of value: Value, _ parameter: Api.Parameter, _ position: Int, _ operation: Api.Operation, _ name: Token
  ) {
    // Whatever else it is, nil is taken where the argument may be left out.
    if parameter.isOptional, !value.isCertain || value.kind == .absent { return }
    guard value.kind != .unknown, let wanted = Self.wanted(value, parameter.type) else { return }
    report(
      name, .error,
      "argument \(position + 1) of \(operation.written), '\(parameter.name)', is a \(wanted), not a \(value.name)")
  }

  /// What is written there though the relay takes some numbers and words only.
  private mutating func checkWords(of arguments: Arguments, _ operation: Api.Operation, _ name: Token) {
    let value = arguments.value(0)
    switch operation.written {
    case "peer:close":
      guard let number = value.number ?? value.text.flatMap(Spelling.number) else { return }
      if let code = UInt16(exactly: number), CloseCode.mayBeSent(code) { return }
      let written = value.text ?? Int(exactly: number).map(String.init) ?? "\(number)"
      report(name, .error, "a close code is 1000-1003, 1007-1014 or 3000-4999, not \(written)")
    case "relay.log":
      guard let level = value.text, !Self.levels.contains(level) else { return }
      let meant = Spelling.nearest(to: level, in: Self.levels).map { ": did you mean '\($0)'?" } ?? ""
      report(name, .error, "a level is debug, info, warning or error, not '\(level)'\(meant)")
    default: return
    }
  }

  private static let levels = ["debug", "info", "warning", "error"]

  /// What a parameter of this type wants instead; nil when it takes the value, or may.
  private static func wanted(_ value: Value, _ type: String) -> String? {
    switch (type, value.kind) {
    case ("text", .string), ("int", .number), ("num", .number), ("id", .number), ("id", .string): nil
    // Lua takes the numbers that texts spell.
    case ("int", .string), ("num", .string): value.text.map(Spelling.number) == .some(nil) ? "number" : nil
    case ("peer", .reference("peer")), ("lobby", .reference("lobby")): nil
    case ("target", .reference("peer")), ("target", .reference("lobby")): nil
    case ("owner", .reference("lobby")), ("owner", .reference("mount")): nil
    case ("peers", .reference("peer")), ("peers", .table), ("peers", .settings), ("peers", .list("peer")),
      ("peers", .absent):
      nil
    case ("value", .absent), ("value", .boolean), ("value", .number), ("value", .string): nil
    case ("text", _): "string"
    case ("int", _), ("num", _): "number"
    case ("id", _): "number or string"
    case ("peer", _), ("lobby", _): type
    case ("target", _): "peer or lobby"
    case ("owner", _): "lobby or mount"
    case ("peers", _): "peer or an array of peers"
    case ("value", _): "boolean, number or string"
    default: nil
    }
  }
}
