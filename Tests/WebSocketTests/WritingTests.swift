import Bytes
import Testing
import WebSocket

@Suite struct WritingTests {
  @Test(arguments: [0, 1, 124, 125, 126, 127, 65534, 65535, 65536, 65537])
  func whatIsWrittenIsRead(_ length: Int) {
    let payload = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let unmasked = appended { queue in
      payload.withUnsafeBytes { queue.appendFrame(.binary, $0) }
      queue.appendFrame(.binary, count: length) { $0.copyBytes(from: payload) }
    }
    #expect(events(unmasked, role: .client) == Array(repeating: .message(isBinary: true, payload), count: 2))
    let masked = appended { queue in
      payload.withUnsafeBytes { queue.appendFrame(.binary, $0, isFinal: false, key: 0xA1B2_C3D4) }
      payload.withUnsafeBytes { queue.appendFrame(.continuation, $0, key: 0x0000_0001) }
    }
    #expect(events(masked) == [.message(isBinary: true, payload + payload)])
  }

  @Test func aFillThatFailsWritesNothing() {
    struct Failure: Error {}
    var hasFailed = false
    let bytes = appended { queue in
      queue.append([1])
      do throws(Failure) {
        try queue.appendFrame(.text, count: 200) { _ throws(Failure) in throw Failure() }
      } catch {
        hasFailed = true
      }
    }
    #expect(hasFailed && bytes == [1])
  }
}
