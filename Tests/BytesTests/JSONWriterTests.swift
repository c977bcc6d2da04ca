import Testing

@testable import Bytes

@Suite struct JSONWriterTests {
  /// What `body` appends; nil when it answers false, which must leave nothing behind.
  private func text(_ body: (inout ByteQueue) -> Bool) -> String? {
    var queue = ByteQueue()
    let isWritten = body(&queue)
    let count = queue.count
    #expect(isWritten == (count > 0))
    return isWritten ? queue.withBytes { String(decoding: $0, as: UTF8.self) } : nil
  }

  private func number(_ value: Double) -> String? { text { $0.append(number: value) } }

  private func quoted(_ bytes: some Collection<UInt8>) -> String? {
    text { queue in withExact(bytes) { queue.append(quoted: $0) } }
  }

  @Test func writesIntegers() {
    var values: [Int64] = [0, .max, .min, .min + 1]
    var power: Int64 = 1
    for _ in 0..<18 {
      power *= 10
      values += [power - 1, power, power + 1]
    }
    for value in values.flatMap({ [$0, 0 &- $0] }) {
      let written = text { queue in
        queue.append(integer: value)
        return true
      }
      #expect(written == String(value))
    }
  }

  @Test(arguments: [
    (0.0, "0"), (-0.0, "-0"), (5, "5"), (-5, "-5"), (0.1, "0.1"), (1e15, "1000000000000000"),
    (1e18, "1000000000000000000"),
    (-0x1p63, "-9223372036854775808"), (1e300, "1e+300"), (0x1p63, "9.223372036854776e+18"), (1.5e-7, "1.5e-07"),
    (0.30000000000000004, "0.30000000000000004"), (Double.leastNonzeroMagnitude, "5e-324"),
  ])
  func writesDoubles(_ value: Double, _ expected: String) {
    #expect(number(value) == expected)
  }

  @Test func doublesComeBack() {
    var dice = Dice(3)
    var index = JSONIndex()
    for _ in 0..<3000 {
      let value = Double(bitPattern: dice.next())
      guard value.isFinite else { continue }
      withExact(number(value)?.utf8 ?? "".utf8) { bytes in
        #expect(index.scan(bytes) == .number)
        #expect(index.rootField?.number(in: bytes)?.bitPattern == value.bitPattern)
      }
    }
  }

  @Test func refusesWhatIsNoNumber() {
    for value in [Double.nan, .infinity, -.infinity, .signalingNaN] {
      #expect(number(value) == nil)
    }
  }

  @Test func quotes() {
    for control in UInt8(0)..<0x20 {
      let hex = String(control, radix: 16)
      let short: [UInt8: String] = [8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r"]
      let escape = short[control] ?? "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      #expect(quoted([0x61, control, 0x62]) == "\"a\(escape)b\"")
    }
    for length in 0...70 {
      for special in ["\"", "\\", "\n", "é"] {
        let plain = String(repeating: "x", count: length) + special + "tail"
        #expect(quoted(plain.utf8).flatMap { Reference(Array($0.utf8)) } == .string(plain))
      }
    }
  }

  @Test(
    arguments: [
      [0x80], [0xC3], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x61, 0xFF], [0xE2, 0x82],
    ] as [[UInt8]]
  )
  func refusesInvalidUTF8(_ bytes: [UInt8]) {
    #expect(quoted(bytes) == nil)
  }
}
