/// What an id or a code must look like: characters and classes such as `[A-Za-z0-9]`, each followed by
/// `{n}` or `{m,n}` if it comes more than once. No other repetition and no choice, so matching is linear.
struct Shape: Sendable, Equatable {
  struct Item: Sendable, Equatable {
    var allowed: [ClosedRange<UInt8>]
    var negated = false
    var least = 1
    var most = 1

    func holds(_ byte: UInt8) -> Bool { allowed.contains { $0.contains(byte) } != negated }
  }

  private(set) var items: [Item] = []

  /// Reads a shape. Errors carry the offset in `bytes`.
  init(_ bytes: [UInt8]) throws(JSONMistake) {
    var index = 0
    while index < bytes.count {
      guard items.count < TalkLimits.clausesMax else {
        throw JSONMistake(offset: index, message: "more than \(TalkLimits.clausesMax) parts in a shape")
      }
      var item = try Shape.readItem(bytes, &index)
      if index < bytes.count, bytes[index] == UInt8(ascii: "{") { try Shape.readCount(bytes, &index, &item) }
      items.append(item)
    }
    guard !items.isEmpty else { throw JSONMistake(offset: 0, message: "expected a shape") }
  }

  private static func readItem(_ bytes: [UInt8], _ index: inout Int) throws(JSONMistake) -> Item {
    let byte = bytes[index]
    if byte == UInt8(ascii: "[") { return try readClass(bytes, &index) }
    if "{}]()|*+?.^$".utf8.contains(byte) {
      throw JSONMistake(offset: index, message: "a shape has characters, classes and {m,n} only; write \\ before it")
    }
    let literal = try readByte(bytes, &index)
    return Item(allowed: [literal...literal])
  }

  private static func readByte(_ bytes: [UInt8], _ index: inout Int) throws(JSONMistake) -> UInt8 {
    if index < bytes.count, bytes[index] == UInt8(ascii: "\\") { index += 1 }
    guard index < bytes.count else { throw JSONMistake(offset: index, message: "expected a character") }
    index += 1
    return bytes[index - 1]
  }

  private static func readClass(_ bytes: [UInt8], _ index: inout Int) throws(JSONMistake) -> Item {
    index += 1
    var item = Item(allowed: [])
    if index < bytes.count, bytes[index] == UInt8(ascii: "^") {
      item.negated = true
      index += 1
    }
    while index < bytes.count, bytes[index] != UInt8(ascii: "]") {
      let low = try readByte(bytes, &index)
      var high = low
      if index + 1 < bytes.count, bytes[index] == UInt8(ascii: "-"), bytes[index + 1] != UInt8(ascii: "]") {
        index += 1
        high = try readByte(bytes, &index)
      }
      guard low <= high else { throw JSONMistake(offset: index, message: "a range that ends before it starts") }
      item.allowed.append(low...high)
    }
    guard index < bytes.count, !item.allowed.isEmpty else {
      throw JSONMistake(offset: index, message: "expected a class such as [A-Za-z0-9]")
    }
    index += 1
    return item
  }

  private static func readCount(_ bytes: [UInt8], _ index: inout Int, _ item: inout Item) throws(JSONMistake) {
    index += 1
    item.least = try readNumber(bytes, &index)
    item.most = item.least
    if index < bytes.count, bytes[index] == UInt8(ascii: ",") {
      index += 1
      item.most = try readNumber(bytes, &index)
    }
    guard index < bytes.count, bytes[index] == UInt8(ascii: "}"), item.least <= item.most else {
      throw JSONMistake(offset: index, message: "expected {n} or {m,n} with m up to n")
    }
    index += 1
  }

  private static func readNumber(_ bytes: [UInt8], _ index: inout Int) throws(JSONMistake) -> Int {
    var number = 0
    let start = index
    while index < bytes.count, Spelling.isDigit(bytes[index]), number <= TalkLimits.shapeRepeatMax {
      number = number * 10 + Int(bytes[index] - UInt8(ascii: "0"))
      index += 1
    }
    guard index > start, number <= TalkLimits.shapeRepeatMax else {
      throw JSONMistake(offset: start, message: "expected a count up to \(TalkLimits.shapeRepeatMax)")
    }
    return number
  }

  /// Whether all of `text` has this shape. Follows every place that could have been reached at once.
  func matches(_ text: [UInt8]) -> Bool {
    var reached = [Bool](repeating: false, count: text.count + 1)
    reached[0] = true
    for item in items {
      // opened[p] is how many runs of this item may end at p, kept as differences.
      var opened = [Int](repeating: 0, count: text.count + 2)
      var run = 0
      for start in stride(from: text.count, through: 0, by: -1) {
        if start < text.count { run = item.holds(text[start]) ? run + 1 : 0 }
        let longest = min(item.most, run)
        if reached[start], item.least <= longest {
          opened[start + item.least] += 1
          opened[start + longest + 1] -= 1
        }
      }
      var depth = 0
      for place in 0...text.count {
        depth += opened[place]
        reached[place] = depth > 0
      }
    }
    return reached[text.count]
  }
}
