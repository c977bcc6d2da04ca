@testable import Conversation

/// Reads any bytes as a `.talk` file, and plays what can be read. Nothing may trap; every mistake has a place
/// within the input.
func fuzzTalk(_ bytes: UnsafeRawBufferPointer) {
  let input = Array(bytes)
  do throws(TalkError) {
    for conversation in try TalkParser.parse(input, file: "fuzz.talk") {
      _ = Runner(stage: FakeStage()).play(conversation)
    }
  } catch {
    let lines = input.split(separator: 0x0A, omittingEmptySubsequences: false)
    precondition((1...max(1, lines.count)).contains(error.place.line))
    precondition((1...lines[error.place.line - 1].count + 1).contains(error.place.column))
    precondition(!error.message.isEmpty)
  }
  if let value = try? TalkValue(parsing: input) {
    guard let again = try? TalkValue(parsing: value.json) else { preconditionFailure("JSON that cannot be read again") }
    precondition(again == value || input.contains(UInt8(ascii: "{")))
  }
  if let shape = try? Shape(input) { _ = shape.matches(input) }
}
