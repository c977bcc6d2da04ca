import FuzzBodies
import Testing
import WebSocket

/// A rule of RFC 6455 §5-§8, a stream that breaks or keeps it, and the code the server closes with; nil
/// if there is nothing to object to.
struct Rule: CustomTestStringConvertible, Sendable {
  let name: String
  let stream: [UInt8]
  let code: UInt16?

  init(_ name: String, _ stream: [UInt8], _ code: UInt16?) {
    self.name = name
    self.stream = stream
    self.code = code
  }

  var testDescription: String { name }
}

@Suite struct RulesTests {
  /// A masked frame whose first two bytes and length field are given, with 4 zero key bytes.
  private static func raw(_ bytes: [UInt8], _ payload: [UInt8] = []) -> [UInt8] { bytes + [0, 0, 0, 0] + payload }

  static let rules: [Rule] = [
    Rule("§5.1 a client masks", frame(.text, [0x61], key: nil), 1002),
    Rule("§5.1 also control frames", frame(.ping, [], key: nil), 1002),
    Rule("§5.2 RSV1", raw([0xC1, 0x80]), 1002), Rule("§5.2 RSV2", raw([0xA1, 0x80]), 1002),
    Rule("§5.2 RSV3", raw([0x91, 0x80]), 1002), Rule("§5.2 RSV1 on ping", raw([0xC9, 0x80]), 1002),
    Rule("§5.2 opcode 3", raw([0x83, 0x80]), 1002), Rule("§5.2 opcode 4", raw([0x84, 0x80]), 1002),
    Rule("§5.2 opcode 5", raw([0x85, 0x80]), 1002), Rule("§5.2 opcode 6", raw([0x86, 0x80]), 1002),
    Rule("§5.2 opcode 7", raw([0x87, 0x80]), 1002), Rule("§5.2 opcode 11", raw([0x8B, 0x80]), 1002),
    Rule("§5.2 opcode 12", raw([0x8C, 0x80]), 1002), Rule("§5.2 opcode 13", raw([0x8D, 0x80]), 1002),
    Rule("§5.2 opcode 14", raw([0x8E, 0x80]), 1002), Rule("§5.2 opcode 15", raw([0x8F, 0x80]), 1002),
    Rule("§5.2 length 125 in 16 bits", raw([0x82, 0xFE, 0, 125], Array(repeating: 0, count: 125)), 1002),
    Rule("§5.2 length 126 in 16 bits", raw([0x82, 0xFE, 0, 126], Array(repeating: 0, count: 126)), nil),
    Rule("§5.2 length 65535 in 64 bits", raw([0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]), 1002),
    Rule("§5.2 length with the highest bit", raw([0x82, 0xFF, 0x80, 0, 0, 0, 0, 1, 0, 0]), 1002),
    Rule("§5.4 nothing to continue", frame(.continuation, [0x61]), 1002),
    Rule("§5.4 nothing to continue, not final", frame(.continuation, [0x61], isFinal: false), 1002),
    Rule(
      "§5.4 nothing to continue after the last",
      frame("a", isFinal: false) + frame(.continuation, []) + frame(.continuation, []), 1002),
    Rule("§5.4 text inside text", frame("a", isFinal: false) + frame("b"), 1002),
    Rule("§5.4 binary inside text", frame("a", isFinal: false) + frame(.binary, [], isFinal: false), 1002),
    Rule(
      "§5.4 control inside a message", frame("a", isFinal: false) + frame(.ping, [1]) + frame(.continuation, []), nil),
    Rule(
      "§5.4 all fragments empty",
      frame("", isFinal: false) + frame(.continuation, [], isFinal: false) + frame(.continuation, []), nil),
    Rule("§5.5 fragmented ping", frame(.ping, [], isFinal: false), 1002),
    Rule("§5.5 fragmented pong", frame(.pong, [], isFinal: false), 1002),
    Rule("§5.5 fragmented close", frame(.close, [], isFinal: false), 1002),
    Rule("§5.5 ping of 125", frame(.ping, Array(repeating: 1, count: 125)), nil),
    Rule("§5.5 ping of 126", frame(.ping, Array(repeating: 1, count: 126)), 1002),
    Rule("§5.5 pong of 126", frame(.pong, Array(repeating: 1, count: 126)), 1002),
    Rule("§5.5 close of 126", closeFrame(1000, Array(repeating: 0x61, count: 124)), 1002),
    Rule("§5.5 ping of 65536", frame(.ping, Array(repeating: 1, count: 65536)), 1002),
    Rule("§5.5.1 close of 125", closeFrame(1000, Array(repeating: 0x61, count: 123)), nil),
    Rule("§5.5.1 empty close", frame(.close, []), nil), Rule("§5.5.1 half a code", frame(.close, [3]), 1002),
    Rule("§5.5.1 nothing counts after close", closeFrame(1000) + raw([0xFF, 0x80]), nil),
    Rule("§5.5.3 unasked pong", frame(.pong, [1]), nil),
    Rule("§8.1 text is UTF-8", frame("grüße 🎮"), nil), Rule("§8.1 overlong", frame(.text, [0xC0, 0xAF]), 1007),
    Rule("§8.1 surrogate", frame(.text, [0xED, 0xA0, 0x80]), 1007),
    Rule("§8.1 above U+10FFFF", frame(.text, [0xF4, 0x90, 0x80, 0x80]), 1007),
    Rule("§8.1 cut scalar", frame(.text, [0xE2, 0x82]), 1007),
    Rule("§8.1 scalar over fragments", frame(.text, [0xE2, 0x82], isFinal: false) + frame(.continuation, [0xAC]), nil),
    Rule(
      "§8.1 scalar cut by the last fragment", frame(.text, [0xE2], isFinal: false) + frame(.continuation, [0x82]), 1007),
    Rule("§8.1 refused with the first bad fragment", frame(.text, [0xFF], isFinal: false), 1007),
    Rule("§8.1 binary is anything", frame(.binary, [0xFF, 0xC0]), nil),
    Rule(
      "§8.1 fragmented binary is anything", frame(.binary, [0xFF], isFinal: false) + frame(.continuation, [0xC0]), nil),
    Rule("§8.1 a close reason is UTF-8", closeFrame(1000, [0xFF]), 1007),
    Rule("§8.1 a close reason is not cut", closeFrame(1000, [0xE2, 0x82]), 1007),
  ]

  @Test(arguments: rules)
  func holds(_ rule: Rule) {
    let found = events(rule.stream).compactMap { if case .violation(let code, _) = $0 { code } else { nil } }
    #expect(found == (rule.code.map { [$0] } ?? []))
  }

  @Test func aServerMustNotMask() {
    #expect(events(frame(.text, [0x61], key: nil), role: .client) == [.message(isBinary: false, [0x61])])
    #expect(events(frame(.text, [0x61]), role: .client) == [.violation(1002, "A server's frame is masked (§5.1)")])
  }

  /// A header's faults are found with the byte that shows them.
  @Test(
    arguments: [
      ([0xC1], 1), ([0x83], 1), ([0x09], 1), ([0x81, 0x01], 2), ([0x89, 0xFE], 2), ([0x82, 0xFE, 0, 125], 4),
    ] as [([UInt8], Int)])
  func isRefusedEarly(_ bytes: [UInt8], _ count: Int) {
    #expect(events(Array(bytes.prefix(count - 1))).isEmpty)
    #expect(events(bytes).count == 1)
  }

  @Test func nothingIsReadAfterAViolation() {
    #expect(events(frame(.continuation, []) + frame("a")).count == 1)
    let answers = RecordedEvent.read(frame(.continuation, []) + frame("a"), role: .server, messageBytesMax: 0) { _ in 1
    }
    #expect(answers.count == 1)
  }
}
