import Testing

@testable import Bench

@Suite struct FrameTests {
  /// Undoes RFC 6455 §5.3 with the key that the frame itself carries.
  private func unmasked(_ frame: [UInt8], header: Int) -> [UInt8] {
    let key = Array(frame[(header - 4)..<header])
    return frame[header...].enumerated().map { $0.element ^ key[$0.offset % 4] }
  }

  @Test(arguments: [0, 1, 3, 4, 5, 124, 125, 126, 127, 200, 2500, 65534, 65535, 65536, 65537])
  func preparedFramesAreMaskedAndOfExactLength(count: Int) {
    let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let frame = ClientFrame.encode(.text, payload)
    let header = ClientFrame.headerBytes(payloadBytes: count)
    #expect(frame.count == header + count)
    #expect(frame[0] == 0x81)
    #expect(frame[1] & 0x80 == 0x80)
    let short = Int(frame[1] & 0x7F)
    let length =
      short < 126 ? short : frame[2..<(short == 126 ? 4 : 10)].reduce(0) { $0 << 8 | Int($1) }
    #expect(length == count)
    #expect(short == (count < 126 ? count : count < 65536 ? 126 : 127))
    #expect(!frame[(header - 4)..<header].contains(0))
    #expect(unmasked(frame, header: header) == payload)
  }

  private func serverFrame(_ count: Int) -> [UInt8] {
    let masked = ClientFrame.encode(.text, [UInt8](repeating: 0x61, count: count))
    var head = Array(masked[..<(ClientFrame.headerBytes(payloadBytes: count) - 4)])
    head[1] &= 0x7F
    return head + [UInt8](repeating: 0x61, count: count)
  }

  @Test(arguments: [0, 1, 125, 126, 127, 65535, 65536])
  func serverFramesAreReadWhenTheyAreWhole(count: Int) throws {
    let bytes = serverFrame(count)
    let cuts = bytes.count < 300 ? Array(0..<bytes.count) : Array(0..<20) + [bytes.count - 1]
    for cut in cuts {
      guard case .partial = bytes[..<cut].withUnsafeBytes({ ServerFrame.read($0) }) else {
        Issue.record("\(cut) of \(bytes.count) bytes are not a whole frame")
        return
      }
    }
    guard case .whole(let frame) = (bytes + [0x81]).withUnsafeBytes({ ServerFrame.read($0) }) else {
      Issue.record("the whole frame was not seen")
      return
    }
    #expect(frame.payloadBytes == count)
    #expect(frame.bytes == bytes.count)
    #expect(frame.first == 0x81)
  }

  @Test func aMaskedServerFrameIsBroken() {
    guard case .broken = ClientFrame.encode(.text, [1, 2]).withUnsafeBytes({ ServerFrame.read($0) }) else {
      Issue.record("a server may not mask (RFC 6455 §5.1)")
      return
    }
  }
}
