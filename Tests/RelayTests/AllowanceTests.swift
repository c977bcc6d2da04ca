import Testing

@testable import Relay

@Suite struct AllowanceTests {
  /// Whether each message, of so many bytes at such a millisecond, is within the limits.
  private func spend(_ messages: [(bytes: Int, now: UInt64)], messagesMax: Int = 0, bytesMax: Int = 0) -> [Bool] {
    var allowance = Allowance()
    return messages.map { allowance.spend($0.bytes, now: $0.now, messagesMax: messagesMax, bytesMax: bytesMax) }
  }

  @Test func asManyMessagesAsAllowedEachSecond() {
    let oneSecond: [(Int, UInt64)] = [(1, 5001), (0, 5500), (1, 5999), (1, 5999)]
    let theNext = oneSecond.map { ($0.0, $0.1 + 1000) }
    #expect(spend(oneSecond + theNext, messagesMax: 3) == [true, true, true, false, true, true, true, false])
  }

  @Test func bytesAreCountedApartFromMessages() {
    let messages: [(Int, UInt64)] = [(60, 0), (40, 999), (0, 999), (1, 999), (100, 1000), (0, 1000), (101, 2000)]
    #expect(spend(messages, bytesMax: 100) == [true, true, true, false, true, true, false])
  }

  @Test func eitherLimitIsEnough() {
    #expect(spend([(1, 0), (1, 0), (1, 0)], messagesMax: 2, bytesMax: 100) == [true, true, false])
    #expect(spend([(60, 0), (60, 0)], messagesMax: 9, bytesMax: 100) == [true, false])
  }

  @Test func whatIsCountedNeverOverflows() {
    let large = [(Int, UInt64)](repeating: (Int(Int32.max), 7), count: 5)
    #expect(spend(large) == [true, true, true, true, true])
    #expect(spend(large, bytesMax: Int(Int32.max) - 1) == [false, false, false, false, false])
  }
}
