/// What can stand left of `=`.
enum Target {
  case variable(Reader.Variable)
  case global(Token)
  /// A field of a variable (nil: of something else), by the names that lead there.
  case field(base: Int?, [String], Place)
  /// An element under a key that is not written there, by the names that lead to the table.
  case element([String])
  case attribute(Value, Token)
}

struct Expression {
  var value = Value.unknown
  var target: Target?
  /// Of a call: its results and arguments.
  var results: [Value] = []
  var arguments: Arguments?
  var isOpen = false
  var place = Place(line: 1, column: 1)
}

/// What a table constructor is for.
enum TableRole {
  case plain
  case policy
  case timers
}

extension Reader {
  mutating func readExpressionList() throws(UnreadableSource) -> Arguments {
    var list = Arguments()
    var last = Expression()
    repeat {
      last = try readExpression()
      list.values.append(last.value)
    } while accept(",")
    list.isOpen = last.isOpen
    if last.isOpen, last.results.count > 1 {
      // A call of the relay answers so many values and no more.
      list.values.removeLast()
      list.values += last.results
      list.isOpen = false
    }
    return list
  }

  /// Of `..` the order is Lua's, from the right, but what it makes is a string either way, and no chain is deep.
  private static let priorities: [String: (left: Int, right: Int)] = [
    "or": (1, 1), "and": (2, 2), "<": (3, 3), ">": (3, 3), "<=": (3, 3), ">=": (3, 3), "~=": (3, 3), "==": (3, 3),
    "|": (4, 4), "~": (5, 5), "&": (6, 6), "<<": (7, 7), ">>": (7, 7), "..": (9, 9), "+": (10, 10), "-": (10, 10),
    "*": (11, 11), "/": (11, 11), "//": (11, 11), "%": (11, 11), "^": (14, 13),
  ]
  private static let unaryPriority = 12

  mutating func readExpression(above limit: Int = 0) throws(UnreadableSource) -> Expression {
    try enter()
    var left = try readOperand()
    while token.kind == .symbol || token.kind == .keyword, let priority = Self.priorities[token.text],
      priority.left > limit
    {
      let operation = take().text
      let right = try readExpression(above: priority.right)
      left = Expression(value: Self.value(left.value, operation, right.value), place: left.place)
    }
    leave()
    return left
  }

  private static func value(_ left: Value, _ operation: String, _ right: Value) -> Value {
    switch operation {
    case "and": return .possible(right.kind)
    case "or":
      if left.kind == .absent { return right }
      return left.kind == right.kind ? Value(kind: left.kind, isCertain: right.isCertain) : .unknown
    case "==", "~=", "<", ">", "<=", ">=": return .certain(.boolean)
    case "..": return .certain(.string)
    // Other values may have operators of their own.
    default: return left.kind == .number && right.kind == .number ? .certain(.number) : .unknown
    }
  }

  private mutating func readOperand() throws(UnreadableSource) -> Expression {
    let place = token.place
    switch token.kind {
    case .string:
      facts.strings.insert(token.text)
      return Expression(value: Value(kind: .string, isCertain: true, text: take().text), place: place)
    case .number:
      return Expression(value: .literal(number: take().text), place: place)
    case .keyword: return try readKeyword()
    case .symbol:
      if accept("...") { return Expression(isOpen: true, place: place) }
      if token.isSymbol("{") { return Expression(value: try readTable(as: .plain), place: place) }
      if accept("-") || accept("~") || accept("#") {
        let operation = tokens[at - 1].text
        let operand = try readExpression(above: Self.unaryPriority)
        var value = operation == "#" || operand.value.kind == .number ? Value.certain(.number) : .unknown
        if operation == "-" { value.number = operand.value.number.map { -$0 } }
        return Expression(value: value, place: place)
      }
      return try readSuffixed(asTarget: false)
    case .name: return try readSuffixed(asTarget: false)
    case .end: throw UnreadableSource(place: place)
    }
  }

  private mutating func readKeyword() throws(UnreadableSource) -> Expression {
    let place = token.place
    switch take().text {
    case "nil": return Expression(value: .certain(.absent), place: place)
    case "true", "false": return Expression(value: .certain(.boolean), place: place)
    case "not":
      _ = try readExpression(above: Self.unaryPriority)
      return Expression(value: .certain(.boolean), place: place)
    case "function":
      try readFunctionBody()
      return Expression(value: .certain(.function), place: place)
    default: throw UnreadableSource(place: place)
    }
  }

  // MARK: Tables and functions

  mutating func readTable(as role: TableRole) throws(UnreadableSource) -> Value {
    try expect("{")
    var names: Set<String>? = []
    while !token.isSymbol("}") {
      if let name = try readField(role) { names?.insert(name) } else { names = nil }
      guard accept(",") || accept(";") else { break }
    }
    try expect("}")
    return Value(kind: .table, isCertain: true, names: names)
  }

  /// Answers its name, if that is written there.
  private mutating func readField(_ role: TableRole) throws(UnreadableSource) -> String? {
    if accept("[") {
      let key = try readExpression().value
      try expect("]")
      try expect("=")
      _ = try readExpression()
      if role == .timers { facts.definesUnknownTimers = true }
      return key.text
    }
    guard token.kind == .name, following.isSymbol("=") else {
      _ = try readExpression()
      return nil
    }
    let name = take()
    take()
    facts.fieldsDefined.insert(name.text)
    if role == .timers { facts.timersDefined.append(Facts.Use(name: name.text, place: name.place)) }
    if name.text == "timers" {
      if token.isSymbol("{") {
        _ = try readTable(as: role == .policy ? .timers : .plain)
        if role != .policy { facts.definesUnknownTimers = true }
      } else {
        facts.definesUnknownTimers = true
        _ = try readExpression()
      }
    } else if role != .plain, accept("function") {
      try readFunctionBody(parameters: parameters(under: role == .policy ? [name.text] : ["timers", name.text]))
    } else {
      _ = try readExpression()
    }
    return name.text
  }

  /// From the parameters on. `function` is the variable that it is the value of, for ever.
  mutating func readFunctionBody(
    of function: Int? = nil, parameters values: [Value] = [], isMethod: Bool = false
  ) throws(UnreadableSource) {
    scopes.append([:])
    if isMethod { declare("self", -at, .unknown) }
    try expect("(")
    var parameters: [Int] = []
    while !token.isSymbol(")") {
      if !accept("...") {
        parameters.append(at)
        _ = try expectName()
      }
      guard accept(",") else { break }
    }
    try expect(")")
    for (position, parameter) in parameters.enumerated() {
      // Of a local function, its calls tell; without any, nothing is known.
      declare(parameter, function == nil ? (position < values.count ? values[position] : .unknown) : nil)
    }
    if let function { parametersOf[function] = parameters }
    try readBlock()
    try expect("end")
    scopes.removeLast()
  }
}
