extension StepReader {
  /// What stands behind `>>` and `<<`.
  static func readMessage(_ cursor: inout LineCursor, sending: Bool) throws(TalkError) -> Message {
    let arrow = sending ? ">>" : "<<"
    let message: Message
    if cursor.take("text") {
      message = .text(try readText(&cursor, sending: sending, example: "Ana \(arrow) text \"J: $lobby\\n\""))
    } else if cursor.take("binary") {
      message = .binary(try cursor.hex(example: "Ana \(arrow) binary 00ff10"))
    } else if cursor.take("repeat") {
      message = try readRepeat(&cursor, example: "Ana \(arrow) repeat 1000 \"x\"")
    } else if sending, cursor.take("ping") {
      message = .ping(try readPayload(&cursor, example: "Ana >> ping \"abc\""))
    } else if cursor.take("pong") {
      message = .pong(try readPayload(&cursor, example: "Ana \(arrow) pong \"abc\""))
    } else if sending, cursor.take("raw bytes") {
      let bytes = try cursor.hex(example: "Ana >> raw bytes 81 05")
      guard !bytes.isEmpty else {
        throw cursor.expected("pairs of hexadecimal digits", example: "Ana >> raw bytes 81 05")
      }
      message = .raw(bytes)
    } else {
      let example = sending ? "Ana >> {\"type\":0,\"data\":$lobby}" : "Ana << {\"type\":0,...}"
      let (pattern, template) = try readJSON(&cursor, sending: sending, example: example)
      message = .json(pattern, template)
    }
    try cursor.finish(example: "Ana \(arrow) text \"hello\"")
    return message
  }

  /// JSON to the end of the line: as a pattern to match, and as written with the names to fill in.
  static func readJSON(
    _ cursor: inout LineCursor, sending: Bool, example: String
  ) throws(TalkError) -> (TalkPattern, Template) {
    guard let first = cursor.peek, "{[\"-tfn$".utf8.contains(first) || Spelling.isDigit(first) else {
      throw cursor.expected(
        "JSON, text \"…\", binary, repeat, pong" + (sending ? ", ping or raw bytes" : ""), example: example)
    }
    var reader = JSONReader(cursor.rest, dialect: sending ? .sending : .hearing)
    let pattern: TalkPattern
    do throws(JSONMistake) {
      pattern = try reader.readWhole()
    } catch {
      throw cursor.error(error, example: example)
    }
    var template = Template()
    var place = 0
    for range in reader.nameRanges {
      template.append(Array(reader.bytes[place..<range.lowerBound]))
      template.append(name: String(decoding: reader.bytes[range.dropFirst()], as: UTF8.self))
      place = range.upperBound
    }
    template.append(Array(reader.bytes[place...]))
    _ = cursor.takeRest()
    return (pattern, template)
  }

  private static func readText(
    _ cursor: inout LineCursor, sending: Bool, example: String
  ) throws(TalkError) -> Template {
    let start = cursor
    let text = try cursor.quoted("a text", example: example)
    if sending, text.names.contains("_") { throw start.error("$_ matches anything, so it cannot be sent") }
    return text
  }

  private static func readRepeat(_ cursor: inout LineCursor, example: String) throws(TalkError) -> Message {
    let start = cursor
    let count = try cursor.number("a count", in: 0...TalkLimits.repeatBytesMax, example: example)
    let unit = try cursor.quoted("a text", example: example)
    guard unit.names.isEmpty else { throw start.error("expected a text without $names", example: example) }
    guard unit.prefix.count * count <= TalkLimits.repeatBytesMax else {
      throw start.error("more than \(TalkLimits.repeatBytesMax) bytes", example: example)
    }
    return .repeated(count: count, unit)
  }

  /// At most 125 bytes fit into a control frame (RFC 6455 §5.5), but a server must cope with more.
  private static func readPayload(_ cursor: inout LineCursor, example: String) throws(TalkError) -> Template {
    cursor.atEnd ? Template() : try cursor.quoted("a payload", example: example)
  }

  static func readExpectation(_ cursor: inout LineCursor) throws(TalkError) -> Action {
    let name = try cursor.dollarName(example: "expect $lobby matches [A-Za-z0-9]{16}")
    if cursor.take("matches") {
      let example = "expect $lobby matches [A-Za-z0-9]{16}"
      let source = cursor.rest
      do throws(JSONMistake) {
        let shape = try Shape(source)
        _ = cursor.takeRest()
        return .expect(.matches(name: name, shape, source: String(decoding: source, as: UTF8.self)))
      } catch {
        throw cursor.error(error, example: example)
      }
    }
    if cursor.take("in") {
      let example = "expect $id in 2..2147483647"
      let range = String(decoding: cursor.wordAhead, as: UTF8.self)
      let ends = range.split(separator: ".", omittingEmptySubsequences: false)
      guard ends.count == 3, ends[1].isEmpty, let low = Int64(ends[0]), let high = Int64(ends[2]), low <= high
      else {
        throw cursor.expected("a range of whole numbers", example: example)
      }
      _ = cursor.word()
      try cursor.finish(example: example)
      return .expect(.range(name: name, low...high))
    }
    let example = "expect $a differs from $b"
    guard cursor.take("differs from") else { throw cursor.expected("matches, in or differs from", example: example) }
    let other = try cursor.dollarName(example: example)
    try cursor.finish(example: example)
    return .expect(.differs(name: name, from: other))
  }
}
