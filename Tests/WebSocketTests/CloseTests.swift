import Bytes
import FuzzBodies
import Testing
import WebSocket

@Suite struct CloseTests {
  private func closes(_ code: UInt16?, _ reason: String, key: UInt32? = 0x0102_0304) -> [RecordedEvent] {
    events(appended { $0.appendClose(code: code, reason: reason, key: key) }, role: key == nil ? .client : .server)
  }

  @Test func everyCodeUpTo5000IsJudged() {
    let allowed = Set<UInt16>([1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014])
    for code in (UInt16(0)...5000) + [UInt16.max] {
      let isAllowed = allowed.contains(code) || (code >= 3000 && code <= 4999)
      #expect(CloseCode.mayBeSent(code) == isAllowed, "\(code)")
      let found = events(closeFrame(code, [0x61]))
      #expect(found == [isAllowed ? .close(code, [0x61]) : .violation(1002, "The close code may not be sent (§7.4)")])
    }
  }

  @Test func comesBackAsSent() {
    #expect(closes(nil, "unsent") == [.close(nil, [])])
    #expect(closes(nil, "", key: nil) == [.close(nil, [])])
    #expect(closes(1000, "") == [.close(1000, [])])
    #expect(closes(4000, "Lobby is sealed", key: nil) == [.close(4000, Array("Lobby is sealed".utf8))])
  }

  @Test func aLongReasonEndsBetweenScalars() {
    for lead in 118...124 {
      for scalar in ["a", "ü", "€", "🎮"] {
        let reason = String(repeating: "a", count: lead) + scalar + "tail"
        var sent = reason.unicodeScalars
        while sent.reduce(0, { $0 + String($1).utf8.count }) > 123 { sent.removeLast() }
        #expect(closes(4001, reason) == [.close(4001, Array(String(sent).utf8))], "\(lead) and \(scalar)")
      }
    }
    #expect(closes(4001, String(repeating: "x", count: 123)) == [.close(4001, Array(repeating: 0x78, count: 123))])
  }

  @Test func aReasonThatIsNotUTF8EndsBeforeTheFault() {
    let reason: [UInt8] = [0x6F, 0x6B, 0xFF, 0x61]
    let sent = appended { queue in reason.withUnsafeBytes { queue.appendClose(code: 1000, reason: $0) } }
    #expect(sent == [0x88, 4, 3, 0xE8, 0x6F, 0x6B])
  }

  @Test func oneTrailingNULIsForgiven() {
    #expect(events(closeFrame(1000, [0x61, 0])) == [.close(1000, [0x61])])
    #expect(events(closeFrame(1000, [0])) == [.close(1000, [])])
    #expect(events(closeFrame(1000, [0x61, 0, 0])) == [.close(1000, [0x61, 0])])
  }
}
