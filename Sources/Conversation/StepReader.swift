import Reactor

/// Reads one step from its line.
enum StepReader {
  static let methods = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"]

  static func read(_ cursor: inout LineCursor) throws(TalkError) -> (actors: [String], Action) {
    for method in methods where cursor.take(method) {
      return ([], try readFetch(&cursor, method))
    }
    if cursor.take("after") { return ([], .wait(milliseconds: try readTime(&cursor, example: "after 10s"))) }
    if cursor.take("reply") { return ([], try readReply(&cursor)) }
    if cursor.take("header") {
      let (name, value) = try readHeader(&cursor, example: "header \"Content-Type: application/json\"")
      try cursor.finish(example: "header \"Content-Type: application/json\"")
      return ([], .header(name: name, value))
    }
    if cursor.take("reload") {
      return ([], try readReload(&cursor))
    }
    if cursor.take("drain") { return ([], .drain(seconds: try readTime(&cursor, example: "drain 60s") / 1000)) }
    if cursor.take("expect") { return ([], try readExpectation(&cursor)) }
    if cursor.take("... and more") {
      try cursor.finish(example: "... and more")
      return ([], .more)
    }
    let actors = try readActors(&cursor)
    return (actors, try readVerb(&cursor, actors[0]))
  }

  /// `reload FILE`, `reload FILE for new lobbies`.
  private static func readReload(_ cursor: inout LineCursor) throws(TalkError) -> Action {
    let written = try LineCursor.path(&cursor, example: "reload scripts/v2.lua")
    let suffix = " for new lobbies"
    guard written.hasSuffix(suffix) else { return .reload(path: written, lobbiesFinish: false) }
    return .reload(path: String(written.dropLast(suffix.count)), lobbiesFinish: true)
  }

  /// `Ana`, `Ana and Bob`, `Ana, Bob and Cid`.
  private static func readActors(_ cursor: inout LineCursor) throws(TalkError) -> [String] {
    var actors: [String] = []
    while true {
      var word = Array(cursor.wordAhead)
      let comma = word.last == UInt8(ascii: ",")
      if comma { word.removeLast() }
      let valid =
        word.first.map(Spelling.isUpper) == true && word.count <= TalkLimits.wordBytesMax
        && word.allSatisfy { Spelling.isNameByte($0) || $0 == UInt8(ascii: "-") }
      guard valid else {
        throw cursor.expected(
          actors.isEmpty
            ? "a step: a peer's name with a capital, policy, plugin, set, limit, skip, after, reload, drain, expect, "
              + "GET, POST, reply, header, # or ---" : "a peer's name with a capital",
          example: "Ana connects")
      }
      let actor = String(decoding: word, as: UTF8.self)
      guard !actors.contains(actor) else { throw cursor.expected("another peer than \(actor)", example: "Ana and Bob") }
      _ = cursor.word()
      actors.append(actor)
      guard comma || cursor.take("and") else { return actors }
    }
  }

  private static func readVerb(_ cursor: inout LineCursor, _ actor: String) throws(TalkError) -> Action {
    if cursor.take(">>") { return .send(try readMessage(&cursor, sending: true)) }
    if cursor.take("<<") { return .hear(try readMessage(&cursor, sending: false)) }
    if cursor.take("connects") || cursor.take("connect") { return try readConnect(&cursor) }
    if cursor.take("closes") || cursor.take("close") { return try readClose(&cursor) }
    let action: Action
    if cursor.take("hears nothing") || cursor.take("hear nothing") {
      action = .silence
    } else if cursor.take("drops") || cursor.take("drop") {
      action = .drop
    } else if cursor.take("is dropped") || cursor.take("are dropped") {
      action = .dropped
    } else if cursor.take("is closed") || cursor.take("are closed") {
      action = .closed(try readClosing(&cursor))
    } else if cursor.take("is refused") || cursor.take("are refused") {
      action = try readRefusal(&cursor)
    } else if cursor.take("has no subprotocol") || cursor.take("have no subprotocol") {
      action = .subprotocol(nil)
    } else if cursor.take("has subprotocol") || cursor.take("have subprotocol") {
      action = .subprotocol(try cursor.quoted("a subprotocol", example: "Ana has subprotocol \"chat\""))
    } else {
      throw cursor.expected(
        ">>, <<, connects, closes, drops, hears nothing, is closed, is refused, is dropped or has subprotocol",
        example: "\(actor) >> {\"type\":0}")
    }
    try cursor.finish(example: "\(actor) hears nothing")
    return action
  }

  private static func readConnect(_ cursor: inout LineCursor) throws(TalkError) -> Action {
    let example = "Ana connects to /room?x=1 with header \"Origin: http://x\" with subprotocol \"chat\""
    var knock = Knock()
    if cursor.take("to") { knock.path = try readPath(&cursor, example: example) }
    knock.address = try readAddress(&cursor)
    while !cursor.atEnd {
      if cursor.take("with header") {
        knock.headers.append(try readHeader(&cursor, example: example))
      } else if cursor.take("with subprotocol") {
        knock.subprotocols.append(try cursor.quoted("a subprotocol", example: example))
      } else {
        throw cursor.expected("to /path, from an address, with header or with subprotocol", example: example)
      }
      guard knock.headers.count + knock.subprotocols.count <= TalkLimits.clausesMax else {
        throw cursor.error("more than \(TalkLimits.clausesMax) headers and subprotocols")
      }
    }
    return .connect(knock, refused: [])
  }

  /// `from 203.0.113.7`, where it stands.
  private static func readAddress(_ cursor: inout LineCursor) throws(TalkError) -> HostAddress? {
    guard cursor.take("from") else { return nil }
    let start = cursor
    guard let address = HostAddress(parsing: String(decoding: cursor.word(), as: UTF8.self)) else {
      throw start.expected("an IP address", example: "Ana connects from 203.0.113.7")
    }
    return address
  }

  private static func readPath(_ cursor: inout LineCursor, example: String) throws(TalkError) -> Template {
    let start = cursor
    let path = try cursor.wordTemplate("a path", example: example)
    guard path.prefix.first == UInt8(ascii: "/") else {
      throw start.expected("a path that starts with /", example: example)
    }
    return path
  }

  private static func readHeader(
    _ cursor: inout LineCursor, example: String
  ) throws(TalkError) -> (name: String, value: Template) {
    let start = cursor
    let whole = try cursor.quoted("a header", example: example)
    let name = whole.prefix.prefix { $0 != UInt8(ascii: ":") }
    guard name.count < whole.prefix.count, Spelling.isToken(Array(name)) else {
      throw start.expected("a header such as \"Name: value\"", example: example)
    }
    var value = Template()
    value.append(Array(whole.prefix.dropFirst(name.count + 1).drop(while: Spelling.isSpace)))
    for piece in whole.pieces.dropFirst() {
      switch piece {
      case .literal(let bytes): value.append(bytes)
      case .name(let name): value.append(name: name)
      }
    }
    return (String(decoding: name, as: UTF8.self), value)
  }

  private static func readClose(_ cursor: inout LineCursor) throws(TalkError) -> Action {
    let example = "Ana closes 1000 \"bye\""
    if cursor.atEnd { return .close(code: nil, reason: Template()) }
    let code = try cursor.number("a close code", in: 0...65_535, example: example)
    let reason = cursor.atEnd ? Template() : try cursor.quoted("a reason", example: example)
    try cursor.finish(example: example)
    return .close(code: UInt16(code), reason: reason)
  }

  private static func readClosing(_ cursor: inout LineCursor) throws(TalkError) -> Closing {
    if cursor.atEnd { return .any }
    if cursor.take("without code") { return .withoutCode }
    let example = "Ana is closed 4000 \"Lobby is sealed\""
    let code = try cursor.number("a close code", in: 1_000...4_999, example: example)
    let reason = cursor.atEnd ? nil : try cursor.quoted("a reason", example: example)
    return .code(UInt16(code), reason: reason)
  }

  private static func readRefusal(_ cursor: inout LineCursor) throws(TalkError) -> Action {
    let example = "Ana is refused 403 \"Forbidden\""
    let status = try cursor.number("a status", in: 200...599, example: example)
    return .refused(status: status, body: cursor.atEnd ? nil : try cursor.quoted("a body", example: example))
  }

  /// Milliseconds.
  private static func readTime(_ cursor: inout LineCursor, example: String) throws(TalkError) -> Int {
    let word = cursor.wordAhead
    let digits = word.prefix(while: Spelling.isDigit)
    let unit = String(decoding: word.dropFirst(digits.count), as: UTF8.self)
    guard let scale = ["ms": 1, "s": 1_000, "m": 60_000][unit],
      let number = Int(String(decoding: digits, as: UTF8.self)), number <= TalkLimits.waitMillisecondsMax / scale
    else { throw cursor.expected("a time of up to 24 hours in ms, s or m", example: example) }
    _ = cursor.word()
    try cursor.finish(example: example)
    return number * scale
  }

  private static func readFetch(_ cursor: inout LineCursor, _ method: String) throws(TalkError) -> Action {
    let example = "POST /rooms with header \"Accept: text/plain\" with body {\"name\":\"x\"}"
    var knock = Knock()
    knock.path = try readPath(&cursor, example: example)
    knock.address = try readAddress(&cursor)
    while !cursor.atEnd {
      guard knock.headers.count < TalkLimits.clausesMax else {
        throw cursor.error("more than \(TalkLimits.clausesMax) headers")
      }
      if cursor.take("with header") {
        knock.headers.append(try readHeader(&cursor, example: example))
      } else if cursor.take("with body") {
        if cursor.take("text") {
          knock.body = try cursor.quoted("a body", example: example)
          try cursor.finish(example: example)
        } else {
          (_, knock.body) = try readJSON(&cursor, sending: true, example: example)
          knock.bodyIsJSON = true
        }
      } else {
        throw cursor.expected("from an address, with header or with body", example: example)
      }
    }
    return .fetch(method: method, knock)
  }

  private static func readReply(_ cursor: inout LineCursor) throws(TalkError) -> Action {
    let example = "reply 200 contains \"ok\""
    let status = try cursor.number("a status", in: 200...599, example: example)
    if cursor.atEnd { return .reply(status: status, .any) }
    let body: Body
    if cursor.take("contains") {
      body = .containing(try cursor.quoted("a text", example: example))
    } else if cursor.take("text") {
      body = .text(try cursor.quoted("a text", example: "reply 200 text \"ok\""))
    } else {
      body = .json(try readJSON(&cursor, sending: false, example: "reply 200 {\"ok\":true}").0)
    }
    try cursor.finish(example: example)
    return .reply(status: status, body)
  }
}
