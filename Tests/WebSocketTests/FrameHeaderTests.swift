import Bytes
import Testing
import WebSocket

@Suite struct FrameHeaderTests {
  static let lengths = [0, 1, 124, 125, 126, 127, 65534, 65535, 65536, 65537, Int.max - FrameHeader.bytesMax]

  private func encoded(_ header: FrameHeader) -> [UInt8] {
    var bytes = [UInt8](repeating: 0xEE, count: header.count)
    bytes.withUnsafeMutableBytes { header.encode(into: $0) }
    return bytes
  }

  private func decoded(_ bytes: [UInt8], isMasked: Bool) -> FrameHeader.Answer {
    bytes.withUnsafeBytes { FrameHeader.decode($0, isMasked: isMasked) }
  }

  @Test(arguments: lengths, [nil, 0xDEAD_BEEF] as [UInt32?])
  func comesBackAsItWasAndNeedsEveryByte(_ length: Int, _ key: UInt32?) {
    for opcode in [Opcode.continuation, .text, .binary] {
      for isFinal in [true, false] {
        let header = FrameHeader(isFinal: isFinal, opcode: opcode, payloadCount: length, key: key)
        let bytes = encoded(header)
        #expect(decoded(bytes, isMasked: key != nil) == .complete(header))
        for count in 0..<bytes.count {
          let needed = count < 2 ? 2 : bytes.count
          #expect(decoded(Array(bytes[..<count]), isMasked: key != nil) == .incomplete(needed: needed))
        }
      }
    }
  }

  @Test(arguments: zip([0, 125, 126, 65535, 65536], [2, 2, 4, 4, 10]))
  func lengthsTakeTheirShortestForm(_ length: Int, _ count: Int) {
    #expect(FrameHeader(opcode: .text, payloadCount: length).count == count)
    #expect(FrameHeader(opcode: .text, payloadCount: length, key: 1).count == count + 4)
  }

  @Test func encodesTheExamplesOfTheRFC() {
    // RFC 6455 §5.7.
    #expect(encoded(FrameHeader(opcode: .text, payloadCount: 5)) == [0x81, 0x05])
    #expect(encoded(FrameHeader(isFinal: false, opcode: .text, payloadCount: 3)) == [0x01, 0x03])
    #expect(encoded(FrameHeader(opcode: .binary, payloadCount: 256)) == [0x82, 0x7E, 0x01, 0x00])
    #expect(encoded(FrameHeader(opcode: .binary, payloadCount: 65536)) == [0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0])
    let key = UInt32(littleEndian: 0x3D21_FA37)
    let hello = appended { queue in Array("Hello".utf8).withUnsafeBytes { queue.appendFrame(.text, $0, key: key) } }
    #expect(hello == [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58])
  }
}
