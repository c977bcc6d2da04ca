/// One line of a `.talk` file, read from left to right. Columns count bytes from 1.
struct LineCursor {
  let file: String
  let line: Int
  let bytes: [UInt8]
  private(set) var index = 0

  init(file: String, line: Int, bytes: ArraySlice<UInt8>) {
    self.file = file
    self.line = line
    var end = bytes.endIndex
    while end > bytes.startIndex, Spelling.isSpace(bytes[end - 1]) || bytes[end - 1] == 0x0D { end -= 1 }
    self.bytes = Array(bytes[bytes.startIndex..<end])
    skipSpace()
  }

  var place: Place { Place(file: file, line: line, column: index + 1) }
  var atEnd: Bool { index == bytes.count }
  var peek: UInt8? { index < bytes.count ? bytes[index] : nil }
  var rest: [UInt8] { Array(bytes[index...]) }
  var source: String {
    String(decoding: bytes.drop { Spelling.isSpace($0) }, as: UTF8.self)
  }

  /// "expected …, found …", at the cursor.
  func expected(_ what: String, example: String) -> TalkError {
    let found = atEnd ? "the end of the line" : Printed.quoted(String(decoding: wordAhead.prefix(40), as: UTF8.self))
    return TalkError(place, "expected \(what), found \(found)", example: example)
  }

  func error(_ message: String, back: Int = 0, example: String? = nil) -> TalkError {
    TalkError(Place(file: file, line: line, column: index + 1 - back), message, example: example)
  }

  func error(_ mistake: JSONMistake, example: String) -> TalkError {
    TalkError(
      Place(file: file, line: line, column: index + mistake.offset + 1), mistake.message, example: example)
  }

  mutating func skipSpace() {
    while let byte = peek, Spelling.isSpace(byte) { index += 1 }
  }

  mutating func skip(_ count: Int) { index = min(bytes.count, index + count) }

  /// The bytes up to the next white space.
  var wordAhead: ArraySlice<UInt8> { bytes[index...].prefix { !Spelling.isSpace($0) } }

  mutating func word() -> [UInt8] {
    let word = Array(wordAhead)
    index += word.count
    skipSpace()
    return word
  }

  /// Takes `text` if it comes next as whole words.
  mutating func take(_ text: String) -> Bool {
    var probe = self
    for wanted in text.split(separator: " ") {
      guard probe.word().elementsEqual(wanted.utf8) else { return false }
    }
    self = probe
    return true
  }

  mutating func takeRest() -> [UInt8] {
    let left = rest
    index = bytes.count
    return left
  }

  func finish(example: String) throws(TalkError) {
    guard atEnd else { throw expected("the end of the line", example: example) }
  }

  /// A whole decimal number within `range`, as one word.
  mutating func number(
    _ what: String, in range: ClosedRange<Int>, example: String
  ) throws(TalkError) -> Int {
    let digits = wordAhead
    guard !digits.isEmpty, digits.allSatisfy({ Spelling.isDigit($0) }),
      let number = Int(String(decoding: digits, as: UTF8.self)), range.contains(number)
    else { throw expected("\(what) from \(range.lowerBound) to \(range.upperBound)", example: example) }
    _ = word()
    return number
  }

  /// A name as in `set NAME = …`.
  mutating func name(_ what: String, example: String) throws(TalkError) -> String {
    let length = bytes[index...].prefix { Spelling.isNameByte($0) }.count
    guard length > 0, length <= TalkLimits.wordBytesMax else { throw expected(what, example: example) }
    defer {
      index += length
      skipSpace()
    }
    return String(decoding: bytes[index..<(index + length)], as: UTF8.self)
  }

  /// `$name`, bound or not.
  mutating func dollarName(example: String) throws(TalkError) -> String {
    guard peek == UInt8(ascii: "$") else { throw expected("a $name", example: example) }
    index += 1
    let name = try name("a name after $", example: example)
    guard name != "_" else { throw error("$_ has no value", back: 2, example: example) }
    return name
  }
}
