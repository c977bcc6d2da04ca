import Bytes
import Testing

@Suite struct MaskingTests {
  static let key: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]

  private func mask(_ bytes: [UInt8], from offset: Int = 0) -> [UInt8] {
    let key = Self.key.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) }
    var copy = bytes
    copy.withUnsafeMutableBytes { Masking.apply(key, from: offset, to: $0) }
    return copy
  }

  @Test func masksTheExampleOfTheRFC() {
    // RFC 6455 §5.7: a masked "Hello".
    #expect(mask(Array("Hello".utf8)) == [0x7F, 0x9F, 0x4D, 0x51, 0x58])
  }

  @Test func everyLengthOffsetAndAlignmentMatchesTheDefinition() {
    let source = (0..<400).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let key = Self.key.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) }
    for length in 0...200 {
      for offset in 0..<9 {
        var bytes = source
        let start = offset * 3
        bytes.withUnsafeMutableBytes {
          Masking.apply(key, from: offset, to: .init(rebasing: $0[start..<(start + length)]))
        }
        var expected = source
        for index in 0..<length { expected[start + index] ^= Self.key[(offset + index) % 4] }
        #expect(bytes == expected, "\(length) bytes from \(offset)")
      }
    }
  }

  @Test func piecesMaskedInTurnEqualTheWhole() {
    let source = (0..<300).map { UInt8(truncatingIfNeeded: $0) }
    for cut in 0...300 {
      #expect(mask(Array(source[..<cut])) + mask(Array(source[cut...]), from: cut) == mask(source))
    }
  }
}
