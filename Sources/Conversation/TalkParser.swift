import Bytes

/// Reads a `.talk` file: the conversations in it, or the first mistake.
///
/// Every line is blank, a `#` comment, a `--- title`, or one step. What it takes is bounded by `TalkLimits`.
public struct TalkParser {
  let file: String
  var common = Conversation(file: "", title: "")
  var current: Conversation
  var done: [Conversation] = []
  var stepsSeen = false
  var separated = false
  var firstComment: String?
  var presence = Presence()

  init(file: String) {
    self.file = file
    current = Conversation(file: file, title: file)
  }

  /// The conversations in `bytes`. `file` is for messages and titles.
  public static func parse(_ bytes: [UInt8], file: String) throws(TalkError) -> [Conversation] {
    guard bytes.count <= TalkLimits.fileBytesMax else {
      throw TalkError(Place(file: file, line: 1, column: 1), "a file of more than \(TalkLimits.fileBytesMax) bytes")
    }
    guard UTF8Validator.isValid(bytes) else {
      throw TalkError(Place(file: file, line: 1, column: 1), "a file that is not UTF-8; write other bytes as \\xHH")
    }
    var parser = TalkParser(file: file)
    var number = 0
    for line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
      number += 1
      guard line.count <= TalkLimits.lineBytesMax else {
        throw TalkError(
          Place(file: file, line: number, column: 1), "a line of more than \(TalkLimits.lineBytesMax) bytes")
      }
      try parser.read(LineCursor(file: file, line: number, bytes: line))
    }
    try parser.finishConversation(at: Place(file: file, line: number, column: 1))
    return parser.done
  }

  private mutating func read(_ line: LineCursor) throws(TalkError) {
    var cursor = line
    guard let first = cursor.peek else { return }
    if first == UInt8(ascii: "#") {
      readComment(cursor)
    } else if cursor.take("---") {
      try readTitle(&cursor)
    } else if try !readSetUp(&cursor) {
      try readStep(&cursor)
    }
  }

  private mutating func readComment(_ cursor: LineCursor) {
    let text = cursor.rest.drop { $0 == UInt8(ascii: "#") || Spelling.isSpace($0) }
    if firstComment == nil, !text.isEmpty { firstComment = String(decoding: text, as: UTF8.self) }
  }

  /// `--- title`: what comes before the first one counts for all that follow.
  private mutating func readTitle(_ cursor: inout LineCursor) throws(TalkError) {
    let place = cursor.place
    let title = String(decoding: cursor.takeRest(), as: UTF8.self)
    guard !title.isEmpty else {
      throw TalkError(place, "expected a title after ---", example: "--- A sealed lobby refuses newcomers")
    }
    if separated || stepsSeen {
      try finishConversation(at: place)
    }
    if !separated {
      common = current
      common.steps = []
    }
    separated = true
    stepsSeen = false
    presence = Presence()
    current = common
    current.title = title
  }

  private mutating func finishConversation(at place: Place) throws(TalkError) {
    if !separated, let firstComment { current.title = firstComment }
    guard stepsSeen else {
      throw TalkError(place, "a conversation without a step", example: "Ana connects")
    }
    guard done.count < TalkLimits.conversationsMax else {
      throw TalkError(place, "more than \(TalkLimits.conversationsMax) conversations in one file")
    }
    if let open = presence.openRequest {
      throw TalkError(open, "a request whose reply is not stated", example: "reply 200")
    }
    current.markRefusals()
    done.append(current)
  }

  private mutating func readStep(_ cursor: inout LineCursor) throws(TalkError) {
    let place = cursor.place
    guard current.steps.count < TalkLimits.stepsMax else {
      throw TalkError(place, "more than \(TalkLimits.stepsMax) steps in one conversation")
    }
    let source = cursor.source
    let (actors, action) = try StepReader.read(&cursor)
    let step = Step(place: place, source: source, actors: actors, action: action)
    try presence.follow(step)
    stepsSeen = true
    current.steps.append(step)
  }
}
