import Testing

@testable import Bench

@Suite struct RelayedMessageTests {
  private func frame(_ description: String) -> String { #"{"type":4,"id":2147483647,"data":"\#(description)"}"# }

  @Test func messagesHaveExactlyTheLengthAskedForAndNoHalfEscape() throws {
    for bytes in Array(64...700) + [2500, 65_000] {
      let (message, description) = try SessionDescription.fill(bytes, frame)
      #expect(message.utf8.count == bytes)
      #expect(message == frame(description))
      var escaped = false
      for byte in description.utf8 {
        if escaped {
          #expect(byte == UInt8(ascii: "r") || byte == UInt8(ascii: "n"))
          escaped = false
        } else {
          escaped = byte == UInt8(ascii: "\\")
        }
      }
      #expect(!escaped)
    }
  }

  @Test func aMessageCannotBeShorterThanItsFrame() throws {
    let least = frame("").utf8.count
    #expect(try SessionDescription.fill(least, frame).description.isEmpty)
    #expect(throws: BenchError.self) { try SessionDescription.fill(least - 1, frame) }
  }

  private func accepts(_ texts: String...) -> [Bool] {
    var expectation = Expectation(members: [#""id":77"#, #""data":"v=0\r\n""#])
    return texts.map { expectation.accepts(Array($0.utf8)) }
  }

  @Test func theMembersMustBeRightWhereverTheyStand() {
    #expect(accepts(#"{"type":5,"id":77,"data":"v=0\r\n"}"#) == [true])
    #expect(accepts(#"{"data":"v=0\r\n","id":77,"type":5}"#) == [true])
    #expect(accepts(#"{"type":5,"id":1,"data":"v=0\r\n"}"#) == [false])
    #expect(accepts(#"{"type":5,"id":771,"data":"v=0\r\n"}"#) == [false])
    #expect(accepts(#"{"type":5,"id":77,"data":"v=0\r\r"}"#) == [false])
    #expect(accepts(#"{"type":5,"id":77,"data":"v=0\r\n"#) == [false])
    #expect(accepts("") == [false])
  }

  @Test func allMessagesMustHaveTheLengthOfTheFirst() {
    let good = #"{"type":5,"id":77,"data":"v=0\r\n"}"#
    #expect(accepts(good, good, #"{"type":5,"id":77,"data":"v=0\r\n","x":1}"#) == [true, true, false])
  }

  @Test func aWholeTextMustBeTheSameToTheByte() {
    var expectation = Expectation(text: "{ }")
    #expect(["{ }", "{\t}", ""].map { expectation.accepts(Array($0.utf8)) } == [true, false, false])
  }
}
