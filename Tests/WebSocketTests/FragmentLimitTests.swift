import FuzzBodies
import Testing

@testable import WebSocket

@Suite struct FragmentLimitTests {
  /// The events of a stream with at most three fragments a message.
  private func heard(_ stream: [UInt8]) -> [String] {
    var inbound = Inbound(role: .server, messageBytesMax: 0, fragmentsMax: 3)
    var (stream, offset, heard) = (stream, 0, [String]())
    stream.withUnsafeMutableBytes { bytes in
      while true {
        switch inbound.next(bytes, at: &offset) {
        case .incomplete: return
        case .message(_, let payload): heard.append(String(decoding: payload, as: UTF8.self))
        case .violation(let code, _): heard.append("\(code)")
        default: heard.append("control")
        }
      }
    }
    return heard
  }

  private func fragments(_ count: Int) -> [UInt8] {
    let between = [UInt8]((2..<count).map { _ in frame(.continuation, [], isFinal: false) }.joined())
    return frame("a", isFinal: false) + between + frame(.ping, []) + frame(.continuation, Array("b".utf8))
  }

  @Test func asManyFragmentsAsAllowed() {
    #expect(
      heard(fragments(3) + fragments(2) + frame("plain") + fragments(3)) == [
        "control", "ab", "control", "ab", "plain", "control", "ab",
      ])
  }

  @Test func oneMoreIsAViolation() {
    #expect(heard(fragments(3) + fragments(4) + frame("plain")) == ["control", "ab", "control", "1008"])
  }

  @Test func emptyOnesCount() {
    let stream =
      frame(.text, [], isFinal: false) + [UInt8]((0..<9).flatMap { _ in frame(.continuation, [], isFinal: false) })
    #expect(heard(stream) == ["1008"])
  }
}
