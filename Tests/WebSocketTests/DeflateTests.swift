import FuzzBodies
import Testing
import WebSocket

/// What compressed bytes say: nil when they cannot be inflated, or not within the limit.
private func inflated(_ payload: [UInt8], bytesMax: Int = 0, _ inflater: inout Inflater) -> [UInt8]? {
  payload.withUnsafeBytes { payload in
    if case .message(let plain) = inflater.inflate(payload, bytesMax: bytesMax) { Array(plain) } else { nil }
  }
}

private func inflated(_ payload: [UInt8], bytesMax: Int = 0) -> [UInt8]? {
  var inflater = Inflater()
  return inflated(payload, bytesMax: bytesMax, &inflater)
}

/// A message compressed; nil when that does not make it smaller.
private func deflated(_ plain: [UInt8], windowBits: UInt8 = 15) -> [UInt8]? {
  var deflater = Deflater(windowBits: windowBits)
  return deflated(plain, &deflater)
}

private func deflated(_ plain: [UInt8], _ deflater: inout Deflater) -> [UInt8]? {
  var room = [UInt8](repeating: 0, count: Deflater.room(for: plain.count))
  let count = room.withUnsafeMutableBytes { room in plain.withUnsafeBytes { deflater.compress($0, into: room) } }
  return count.map { Array(room[..<$0]) }
}

@Suite struct DeflateTests {
  static let hello = Array("Hello".utf8)

  /// RFC 7692 §7.2.3.1, 7.2.3.3-6.
  private static let examples: [([UInt8], String)] = [
    ([0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00], "Hello"),
    ([0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00], "Hello"),
    ([0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00], "Hello"),
    ([0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00], "Hello"),
    ([0x00], ""),
    // Blocks that are said to be the last, one behind the other, and at the very end.
    ([0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00], "HelloHello"),
    ([0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00], "Hello"),
  ]

  @Test(arguments: examples)
  func theExamplesOfTheRFCSayWhatTheySay(_ payload: [UInt8], _ text: String) {
    #expect(inflated(payload) == Array(text.utf8))
  }

  /// §7.2.3.2 refers to the message before, which is not kept.
  @Test func noMessageRefersToAnother() {
    var inflater = Inflater()
    #expect(inflated([0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00], &inflater) == Self.hello)
    #expect(inflated([0xF2, 0x00, 0x11, 0x00, 0x00], &inflater) == nil)
    #expect(inflated([0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00], &inflater) == Self.hello)
    var deflater = Deflater(windowBits: 15)
    let text = Array(String(repeating: "the same ", count: 9).utf8)
    let first = deflated(text, &deflater)
    #expect(first != nil && deflated(text, &deflater) == first)
  }

  private static let broken: [[UInt8]] = [
    [], [0xFF], [0x07], [0xF2, 0x48], [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07],
    // A stored block whose length and its complement differ, and one that is cut off.
    [0x00, 0x05, 0x00, 0xFA, 0xFE, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00], [0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65],
    // A reserved kind of block, and zlib's header, which does not belong here.
    [0x06, 0x00], [0x78, 0x9C, 0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00],
  ]

  @Test(arguments: broken)
  func whatNoCompressorMakesIsCorrupt(_ payload: [UInt8]) { #expect(inflated(payload) == nil) }

  @Test(arguments: 9...15 as ClosedRange<UInt8>)
  func whatIsCompressedComesBack(_ windowBits: UInt8) throws {
    var generator = SplitMix(seed: UInt64(windowBits))
    var deflater = Deflater(windowBits: windowBits)
    var inflater = Inflater()
    for _ in 0..<60 {
      // Few different bytes, so that there is something to find.
      let letters = UInt8.random(in: 1...64, using: &generator)
      let count = Int.random(in: 20...70_000, using: &generator)
      let plain = (0..<count).map { _ in UInt8.random(in: 0..<letters, using: &generator) }
      let small = try #require(deflated(plain, &deflater))
      #expect(small.count < plain.count)
      #expect(inflated(small, bytesMax: count, &inflater) == plain)
      #expect(inflated(small, bytesMax: count - 1, &inflater) == nil)
    }
  }

  /// Bytes of a compressed message that are changed, cut out or doubled: what must hold for any input holds.
  @Test func aDamagedMessageDoesNoHarm() throws {
    var generator = SplitMix(seed: 7)
    let text = Array(String(repeating: "a=candidate:84216 1 udp 16777 198.51.100.7 46154 typ srflx\n", count: 9).utf8)
    let noise = (0..<900).map { _ in UInt8.random(in: 0..<90, using: &generator) }
    let whole = try [text, noise, [UInt8](repeating: 0, count: 70_000)].map { try #require(deflated($0)) }
    for round in 0..<3000 {
      var damaged = whole[round % 3]
      for _ in 0...Int.random(in: 0...3, using: &generator) {
        let place = Int.random(in: 0..<damaged.count, using: &generator)
        switch Int.random(in: 0...3, using: &generator) {
        case 0: damaged.remove(at: place)
        case 1: damaged.insert(damaged[place], at: place)
        case 2: damaged[place] = UInt8.random(in: 0...255, using: &generator)
        default: damaged[place] ^= 1 << UInt8.random(in: 0...7, using: &generator)
        }
        if damaged.isEmpty { damaged = [0] }
      }
      let options = UInt8.random(in: 0...0x3F, using: &generator)
      #expect(([options, 0] + damaged).withUnsafeBytes(Fuzzer.deflate.body) == nil)
    }
  }

  @Test func whatDoesNotBecomeSmallerIsLeft() {
    var generator = SplitMix(seed: 1)
    let noise = (0..<5000).map { _ in UInt8.random(in: 0...255, using: &generator) }
    for count in [0, 1, 2, 5, 100, 5000] { #expect(deflated(Array(noise[..<count])) == nil) }
    #expect(deflated(Self.hello) == nil)
    #expect(deflated(Array(repeating: 0x61, count: 20)) != nil)
  }

  /// A few kilobytes that become a megabyte are not inflated any further than they have to be.
  @Test func aBombIsTooBig() throws {
    let bomb = try #require(deflated([UInt8](repeating: 0, count: 1 << 20)))
    #expect(bomb.count < 5000)
    var inflater = Inflater()
    for bytesMax in [1, 100, 4095, 4096, 16_384, 65_536, 1 << 20 - 1] {
      let isTooBig = bomb.withUnsafeBytes { bomb in
        if case .tooBig = inflater.inflate(bomb, bytesMax: bytesMax) { true } else { false }
      }
      #expect(isTooBig)
    }
    #expect(inflated(bomb, bytesMax: 1 << 20, &inflater)?.count == 1 << 20)
    #expect(inflated([0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00], bytesMax: 5, &inflater) == Self.hello)
  }
}

@Suite struct CompressedFrameTests {
  private static let payload: [UInt8] = [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]

  /// The same as `frame`, with RSV1 set.
  private func compressed(_ opcode: Opcode, _ payload: [UInt8], isFinal: Bool = true) -> [UInt8] {
    var bytes = frame(opcode, payload, isFinal: isFinal)
    bytes[0] |= 0x40
    return bytes
  }

  private func heard(_ stream: [UInt8], messageBytesMax: Int = 0, inflates: Bool = true) -> [RecordedEvent] {
    RecordedEvent.read(stream, role: .server, messageBytesMax: messageBytesMax, inflates: inflates) { $0 }
  }

  private func refusal(_ stream: [UInt8], messageBytesMax: Int = 0, inflates: Bool = true) -> UInt16? {
    let events = heard(stream, messageBytesMax: messageBytesMax, inflates: inflates)
    if case .violation(let code, _) = events.last { return code }
    return nil
  }

  /// RFC 7692 §7.2.3.1.
  @Test func theFramesOfTheRFCSayWhatTheySay() {
    let hello = RecordedEvent.message(isBinary: false, DeflateTests.hello)
    let stream =
      compressed(.text, Self.payload) + compressed(.text, Array(Self.payload[..<3]), isFinal: false)
      + frame(.ping, [1]) + frame(.continuation, Array(Self.payload[3...])) + frame("plain")
      + frame(.text, Array("pla".utf8), isFinal: false) + frame(.continuation, Array("in".utf8))
      + compressed(.binary, Self.payload)
    let plain = RecordedEvent.message(isBinary: false, Array("plain".utf8))
    let expected = [hello, .ping([1]), hello, plain, plain, .message(isBinary: true, DeflateTests.hello)]
    #expect(heard(stream) == expected)
    var generator = SplitMix(seed: 3)
    for most in [1, 2, 7, 30] {
      let cut = RecordedEvent.read(stream, role: .server, messageBytesMax: 0, inflates: true) { left in
        Int.random(in: 1...min(left, most), using: &generator)
      }
      #expect(cut == expected)
    }
  }

  @Test func whoHasNotAgreedMayNot() {
    #expect(refusal(compressed(.text, Self.payload), inflates: false) == CloseCode.protocolError)
    #expect(refusal([0xC1], inflates: false) == CloseCode.protocolError)
  }

  @Test func onlyTheFirstFrameOfAMessageSaysSo() {
    for opcode in [Opcode.ping, .pong, .close] {
      #expect(refusal(compressed(opcode, [])) == CloseCode.protocolError)
    }
    let started = compressed(.text, Array(Self.payload[..<3]), isFinal: false)
    #expect(refusal(started + compressed(.continuation, Array(Self.payload[3...]))) == CloseCode.protocolError)
    #expect(refusal(started + compressed(.text, Self.payload)) == CloseCode.protocolError)
    let plain = frame(.text, [0x61], isFinal: false)
    #expect(refusal(plain + compressed(.continuation, [])) == CloseCode.protocolError)
  }

  /// RSV2 and RSV3 are nobody's.
  @Test(arguments: [0x10, 0x20, 0x30, 0x50, 0x60, 0x70] as [UInt8])
  func noOtherBitIsTaken(_ bits: UInt8) {
    var bytes = frame("plain")
    bytes[0] |= bits
    #expect(refusal(bytes) == CloseCode.protocolError)
  }

  @Test func aLimitHoldsForWhatArrivesAndForWhatItBecomes() throws {
    let plain = [UInt8](repeating: 0x61, count: 1000)
    var deflater = Deflater(windowBits: 15)
    let small = try #require(deflated(plain, &deflater))
    #expect(heard(compressed(.text, small), messageBytesMax: 1000) == [.message(isBinary: false, plain)])
    #expect(refusal(compressed(.text, small), messageBytesMax: 999) == CloseCode.messageTooBig)
    // What is collected is bounded, too: refused by its header.
    let half = Array(compressed(.text, [UInt8](repeating: 0, count: 600), isFinal: false))
    #expect(
      refusal(half + frame(.continuation, [UInt8](repeating: 0, count: 600))[..<8], messageBytesMax: 1000)
        == CloseCode.messageTooBig)
  }

  @Test func whatIsInflatedHasToBeText() throws {
    let broken = [UInt8](repeating: 0xC3, count: 100)
    var deflater = Deflater(windowBits: 15)
    let small = try #require(deflated(broken, &deflater))
    #expect(refusal(compressed(.text, small)) == CloseCode.invalidPayload)
    #expect(heard(compressed(.binary, small)) == [.message(isBinary: true, broken)])
    #expect(refusal(compressed(.text, [0xFF, 0xFF])) == CloseCode.invalidPayload)
  }

  @Test func theWriterSaysThatAFrameIsCompressed() {
    let bytes = appended { queue in
      queue.appendFrame(.text, count: 2, isCompressed: true) { $0.copyBytes(from: [1, 2]) }
    }
    #expect(bytes == [0xC1, 0x02, 1, 2])
  }
}
