extension TalkParser {
  /// Lines before the first step: `policy`, `plugin`, `set`, `limit`, `skip live`. False if it is none of them.
  mutating func readSetUp(_ cursor: inout LineCursor) throws(TalkError) -> Bool {
    let start = cursor
    if cursor.take("policy") {
      current.policy = try path(&cursor, example: "policy scripts/godot.lua")
    } else if cursor.take("plugin") {
      current.plugins.append(try path(&cursor, example: "plugin plugins/password.lua"))
    } else if cursor.take("set") {
      try readSetting(&cursor)
    } else if cursor.take("limit") {
      try readLimit(&cursor)
    } else if cursor.take("skip") {
      try readSkip(&cursor)
    } else {
      return false
    }
    guard !stepsSeen else {
      throw start.error("policy, plugin, set, limit and skip come before the first step of a conversation")
    }
    guard current.settings.count + current.limits.count + current.plugins.count <= TalkLimits.clausesMax else {
      throw start.error("more than \(TalkLimits.clausesMax) set, limit and plugin lines")
    }
    return true
  }

  private func path(_ cursor: inout LineCursor, example: String) throws(TalkError) -> Conversation.Line<String> {
    let place = cursor.place
    return Conversation.Line(place: place, value: try LineCursor.path(&cursor, example: example))
  }

  private mutating func readSetting(_ cursor: inout LineCursor) throws(TalkError) {
    let example = "set join_timeout = 2"
    var name = try cursor.name("the name of a setting", example: example)
    if cursor.peek == UInt8(ascii: ".") {
      cursor.skip(1)
      name += "." + (try cursor.name("the name of the plugin's setting", example: "set rate_limit.messages = 5"))
    }
    guard cursor.take("=") else { throw cursor.expected("= after the name", example: example) }
    do throws(JSONMistake) {
      current.set(name, to: try TalkValue(parsing: cursor.rest))
    } catch {
      throw cursor.error(error, example: "set motto = \"hello\"")
    }
  }

  private mutating func readLimit(_ cursor: inout LineCursor) throws(TalkError) {
    let example = "limit message_bytes = 100"
    let name = try cursor.name("the name of a limit", example: example)
    guard cursor.take("=") else { throw cursor.expected("= after the name", example: example) }
    current.limit(name, to: try cursor.number("a whole number", in: 0...Int.max, example: example))
    try cursor.finish(example: example)
  }

  private mutating func readSkip(_ cursor: inout LineCursor) throws(TalkError) {
    let example = "skip live \"needs a virtual clock\""
    guard cursor.take("live") else { throw cursor.expected("live", example: example) }
    let place = cursor.place
    let reason = try cursor.quoted("a reason", example: example)
    guard reason.names.isEmpty, !reason.prefix.isEmpty else {
      throw TalkError(place, "expected a reason without $names", example: example)
    }
    current.skipsLive = String(decoding: reason.prefix, as: UTF8.self)
    try cursor.finish(example: example)
  }
}

extension LineCursor {
  /// A file's path to the end of the line.
  static func path(_ cursor: inout LineCursor, example: String) throws(TalkError) -> String {
    guard !cursor.atEnd else { throw cursor.expected("the path of a script", example: example) }
    return String(decoding: cursor.takeRest(), as: UTF8.self)
  }
}
