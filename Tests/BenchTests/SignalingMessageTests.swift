import Testing

@testable import Bench

@Suite struct SignalingMessageTests {
  @Test func messagesHaveExactlyTheLengthAskedForAndNoHalfEscape() throws {
    for bytes in Array(64...700) + [2500, 65_000] {
      let message = try SignalingMessage.filled(.offer, id: 2_147_483_647, bytes: bytes)
      #expect(message.text.utf8.count == bytes)
      #expect(message.text.hasPrefix(#"{"type":4,"id":2147483647,"data":""#))
      #expect(message.text.hasSuffix(#""}"#))
      var escaped = false
      for byte in message.escapedData.utf8 {
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
    let least = SignalingMessage(kind: .offer, id: 1, escapedData: "").text.utf8.count
    #expect(try SignalingMessage.filled(.offer, id: 1, bytes: least).escapedData.isEmpty)
    #expect(throws: BenchError.self) { try SignalingMessage.filled(.offer, id: 1, bytes: least - 1) }
  }

  private func accepts(_ texts: String...) -> [Bool] {
    var expectation = Expectation(SignalingMessage(kind: .answer, id: 77, escapedData: #"v=0\r\n"#))
    return texts.map { expectation.accepts(Array($0.utf8)) }
  }

  @Test func theIdAndTheDataMustBeRightWhereverTheyStand() {
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

  @Test func membersOfSetUpMessagesAreFound() {
    #expect(rawMember("id", of: #"{"type":1,"id":63392831,"data":"true"}"#) == "63392831")
    #expect(rawMember("data", of: #"{"type":0,"id":0,"data":"5AOuqF"}"#) == "5AOuqF")
    #expect(rawMember("type", of: #"{"data":"","id":0,"type":7}"#) == "7")
    #expect(rawMember("lobby", of: #"{"type":0}"#) == nil)
  }
}
