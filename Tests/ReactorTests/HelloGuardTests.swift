import Testing

@testable import Reactor

@Suite struct HelloGuardTests {
  private func record(_ type: UInt8, _ body: [UInt8]) -> [UInt8] {
    [type, 3, 1, UInt8(body.count >> 8), UInt8(body.count & 0xFF)] + body
  }

  /// The head of a message of this length, and as much of it as is given.
  private func message(_ length: Int, _ body: [UInt8] = []) -> [UInt8] {
    [1, UInt8(length >> 16), UInt8(length >> 8 & 0xFF), UInt8(length & 0xFF)] + body
  }

  private func verdict(_ bytes: [UInt8], by size: Int = .max, isVersion12: Bool = false) -> HelloGuard.Verdict {
    var hello = HelloGuard()
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = Array(rest.prefix(size))
      rest = rest.dropFirst(size)
      let verdict = piece.withUnsafeBytes { hello.take($0, isVersion12: isVersion12) }
      if verdict != .good { return verdict }
    }
    return .good
  }

  private static let tooLong = HelloGuard.Verdict.refused("a handshake message is too long")

  @Test(arguments: [0, 1, 100, HelloGuard.messageBytesMax])
  func aMessageOfALegalLengthIsGood(_ length: Int) {
    #expect(verdict(record(22, message(length))) == .good)
  }

  @Test(arguments: [HelloGuard.messageBytesMax + 1, 65_536, 131_396, 0xFF_FFFF], [1, 2, 3, 4, 5, 1000])
  func aLongerOneIsRefused(_ length: Int, _ size: Int) {
    #expect(verdict(record(22, message(length)), by: size) == Self.tooLong)
  }

  @Test func theHeadMayGoOverRecords() {
    let long = message(100_000)
    #expect(verdict(long.flatMap { record(22, [$0]) }) == Self.tooLong)
    #expect(verdict(record(22, [1]) + record(22, []) + record(22, Array(long[1...]))) == Self.tooLong)
    let good = message(3, [7, 7, 7])
    #expect(verdict(good.flatMap { record(22, [$0]) } + record(22, message(5))) == .good)
  }

  @Test func theSecondMessageIsLookedAtToo() {
    let first = message(2, [0, 0])
    #expect(verdict(record(22, first + message(70_000))) == Self.tooLong)
    #expect(verdict(record(22, first) + record(22, message(70_000))) == Self.tooLong)
    #expect(verdict(record(22, first) + record(20, [1]) + record(22, message(70_000))) == Self.tooLong)
    #expect(verdict(record(22, message(0) + message(70_000))) == Self.tooLong)
  }

  @Test func whatIsEncryptedIsNotReadAsAMessage() {
    let sealed = record(22, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF])
    let hello = record(22, message(2, [0, 0]))
    #expect(verdict(hello + record(20, [1]) + sealed, isVersion12: true) == .good)
    #expect(verdict(hello + sealed, isVersion12: true) == Self.tooLong)
    #expect(verdict(hello + record(23, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF])) == .good)
  }

  @Test(arguments: ["GET / HTTP/1.1\r\n", "POST", "C", "ZZZ"])
  func textIsToldApart(_ text: String) {
    #expect(verdict(Array(text.utf8)) == .plainText)
  }

  @Test(arguments: [[0x80, 0x2E, 1, 3, 1], [0], [21, 3, 3, 0, 2, 1, 0], [23, 3, 3], [0xFF], Array("get".utf8)])
  func whatDoesNotBeginWithAHandshakeIsRefused(_ bytes: [UInt8]) {
    #expect(verdict(bytes) == .refused("it does not begin as TLS does"))
  }
}
