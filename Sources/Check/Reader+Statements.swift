extension Reader {
  mutating func readBlock() throws(UnreadableSource) {
    try enter()
    scopes.append([:])
    try readStatements()
    scopes.removeLast()
    leave()
  }

  private mutating func readStatements() throws(UnreadableSource) {
    while token.kind != .end {
      if token.kind == .keyword, ["end", "else", "elseif", "until"].contains(token.text) { return }
      if accept("return") {
        try readReturn()
        return
      }
      try readStatement()
    }
  }

  private mutating func readStatement() throws(UnreadableSource) {
    guard token.kind == .keyword else {
      if accept(";") { return }
      if accept("::") {
        _ = try expectName()
        return try expect("::")
      }
      return try readAssignmentOrCall()
    }
    switch token.text {
    case "if": try readIf()
    case "while":
      take()
      _ = try readExpression()
      try expect("do")
      try readBlock()
      try expect("end")
    case "do":
      take()
      try readBlock()
      try expect("end")
    case "for": try readFor()
    case "repeat": try readRepeat()
    case "function": try readFunctionStatement()
    case "local": try readLocal()
    case "break": take()
    case "goto":
      take()
      _ = try expectName()
    default: throw UnreadableSource(place: token.place)
    }
  }

  private mutating func readReturn() throws(UnreadableSource) {
    let isAtEnd =
      token.kind == .end || token.isSymbol(";")
      || (token.kind == .keyword && ["end", "else", "elseif", "until"].contains(token.text))
    if !isAtEnd {
      // The file's own: its block and the outermost.
      let isOfFile = scopes.count == 2
      if isOfFile { facts.returns = true }
      if isOfFile, token.kind == .name, following.kind == .end || following.isSymbol(";") {
        next.returned = variable(token.text)?.declaration
      }
      let isPolicy = isOfFile && token.isSymbol("{") && isScript
      _ = isPolicy ? try readTable(as: .policy) : try readExpression().value
      while accept(",") { _ = try readExpression() }
    }
    _ = accept(";")
  }

  private mutating func readIf() throws(UnreadableSource) {
    repeat {
      take()
      _ = try readExpression()
      try expect("then")
      try readBlock()
    } while token.isKeyword("elseif")
    if accept("else") { try readBlock() }
    try expect("end")
  }

  /// The condition sees the block's locals.
  private mutating func readRepeat() throws(UnreadableSource) {
    take()
    try enter()
    scopes.append([:])
    try readStatements()
    try expect("until")
    _ = try readExpression()
    scopes.removeLast()
    leave()
  }

  private mutating func readFor() throws(UnreadableSource) {
    take()
    var names = [at]
    _ = try expectName()
    if accept("=") {
      _ = try readExpression()
      while accept(",") { _ = try readExpression() }
      try readLoopBody(names, [.certain(.number)])
      return
    }
    while accept(",") {
      names.append(at)
      _ = try expectName()
    }
    try expect("in")
    let isIpairs = token.kind == .name && token.text == "ipairs" && variable("ipairs") == nil
    let first = try readExpression()
    while accept(",") { _ = try readExpression() }
    var values: [Value] = []
    if isIpairs, case .list(let receiver)? = first.arguments?.value(0).kind {
      values = [.certain(.number), .certain(.reference(receiver))]
    }
    try readLoopBody(names, values)
  }

  private mutating func readLoopBody(_ names: [Int], _ values: [Value]) throws(UnreadableSource) {
    try expect("do")
    scopes.append([:])
    for (position, name) in names.enumerated() {
      declare(name, position < values.count ? values[position] : .unknown)
    }
    try readBlock()
    scopes.removeLast()
    try expect("end")
  }

  private mutating func readFunctionStatement() throws(UnreadableSource) {
    take()
    let base = try expectName()
    var names: [Token] = []
    var isMethod = false
    while token.isSymbol(".") || token.isSymbol(":") {
      isMethod = take().text == ":"
      names.append(try expectName())
    }
    let variable = variable(base.text)
    if let last = names.last {
      if variable == nil { _ = readGlobal(base) }
      let target = Target.field(base: variable?.declaration, names.map(\.text), last.place)
      noteDefinition(target, .certain(.function), at: last.place)
      return try readFunctionBody(parameters: isMethod ? [] : parameters(under: target), isMethod: isMethod)
    }
    if let variable {
      escaped.insert(variable.declaration)
      assign(.certain(.function), to: variable.declaration)
    } else {
      writeGlobal(base)
    }
    try readFunctionBody()
  }

  private mutating func readLocal() throws(UnreadableSource) {
    take()
    if accept("function") {
      let name = at
      _ = try expectName()
      declare(name, .certain(.function))
      return try readFunctionBody(of: name)
    }
    var names: [Int] = []
    repeat {
      names.append(at)
      _ = try expectName()
      if accept("<") {
        _ = try expectName()
        try expect(">")
      }
    } while accept(",")
    guard accept("=") else {
      for name in names { declare(name, .certain(.absent)) }
      return
    }
    let isPolicy = names.count == 1 && names[0] == known.returned && token.isSymbol("{") && isScript
    if isPolicy {
      let value = try readTable(as: .policy)
      return declare(names[0], value)
    }
    let values = try readExpressionList()
    for (position, name) in names.enumerated() { declare(name, values.value(position)) }
  }

  private mutating func readAssignmentOrCall() throws(UnreadableSource) {
    var targets = [try readSuffixed(asTarget: true)]
    guard token.isSymbol("=") || token.isSymbol(",") else { return }
    while accept(",") { targets.append(try readSuffixed(asTarget: true)) }
    try expect("=")
    let isHook = targets.count == 1 && token.isKeyword("function")
    if isHook, let target = targets[0].target {
      take()
      try readFunctionBody(parameters: parameters(under: target))
      return noteDefinition(target, .certain(.function), at: targets[0].place)
    }
    let values = try readExpressionList()
    for (position, expression) in targets.enumerated() {
      guard let target = expression.target else { throw UnreadableSource(place: expression.place) }
      noteDefinition(target, values.value(position), at: expression.place)
    }
  }

  /// Something is assigned.
  private mutating func noteDefinition(_ target: Target, _ value: Value, at place: Place) {
    switch target {
    case .variable(let variable):
      escaped.insert(variable.declaration)
      assign(value, to: variable.declaration)
    case .global(let name): writeGlobal(name)
    case .field(_, let names, let place):
      if let name = names.last {
        facts.fieldsDefined.insert(name)
        facts.fieldsAssigned.insert(name)
      }
      if names.last == "timers" { facts.definesUnknownTimers = true }
      if names.dropLast().last == "timers", let name = names.last {
        facts.timersDefined.append(Facts.Use(name: name, place: place))
      }
    case .element(let names): if names.last == "timers" { facts.definesUnknownTimers = true }
    case .attribute(let receiver, let name): checkAttribute(receiver, name, value)
    }
  }

  /// What the relay calls the function with that is put there.
  private func parameters(under target: Target) -> [Value] {
    guard isScript, case .field(let base?, let names, _) = target, base == known.returned else { return [] }
    return parameters(under: names)
  }

  func parameters(under names: [String]) -> [Value] {
    if names.count == 1 { return Self.hooks[names[0]] ?? [] }
    if names.count == 2, names[0] == "timers", let subject = known.timerSubjects[names[1]] { return [subject] }
    return []
  }

  private static let hooks: [String: [Value]] = [
    "on_upgrade": [.certain(.reference("request"))],
    "on_connect": [.certain(.reference("peer"))],
    "on_message": [.certain(.reference("peer")), .certain(.reference("message"))],
    "on_disconnect": [.certain(.reference("peer")), .certain(.number), .certain(.string)],
    "on_request": [.certain(.reference("request"))],
    "on_drain": [.certain(.number)],
    "on_join": [.certain(.reference("peer")), .certain(.reference("lobby"))],
    "on_create": [.certain(.string), .possible(.reference("peer"))],
    "on_find": [.certain(.string), .possible(.reference("peer"))],
  ]
}
