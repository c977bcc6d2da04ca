import Bytes
import Testing

@Suite struct UTF8ValidatorTests {
  private func isValid(_ bytes: [UInt8]) -> Bool { bytes.withUnsafeBytes { UTF8Validator.isValid($0) } }

  @Test func everyScalarIsValidAndCutAnywhereIncomplete() {
    for value in UInt32(0)...0x10FFFF {
      guard let scalar = Unicode.Scalar(value) else { continue }
      let bytes = Array(String(Character(scalar)).utf8)
      var validator = UTF8Validator()
      for (index, byte) in bytes.enumerated() {
        guard withUnsafeBytes(of: byte, { validator.consume($0) }),
          validator.isAtBoundary == (index == bytes.count - 1)
        else {
          Issue.record("U+\(String(value, radix: 16)), byte \(index)")
          return
        }
      }
    }
  }

  @Test func everySequenceOfUpToThreeBytesIsJudgedAsTheStandardLibraryDoes() {
    // Three bytes decide every rule; a fourth is covered by the table below.
    let second: [UInt8] = [0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC2, 0xED, 0xF4, 0xFF]
    for first in UInt8.min...UInt8.max {
      for next in second {
        for last in second {
          for bytes in [[first], [first, next], [first, next, last], [first, next, last, 0x80]] {
            let expected = String(validating: bytes, as: UTF8.self) != nil
            if isValid(bytes) != expected { Issue.record("\(bytes)") }
          }
        }
      }
    }
  }

  /// Which byte of each sequence is the first that cannot be right.
  @Test(
    arguments: [
      ([0x80], 0), ([0xBF], 0), ([0xC0], 0), ([0xC1], 0), ([0xF5], 0), ([0xFE], 0), ([0xFF], 0),
      ([0xC2, 0x41], 1), ([0xE0, 0x9F], 1), ([0xED, 0xA0], 1), ([0xF0, 0x8F], 1), ([0xF4, 0x90], 1),
      ([0xE1, 0x80, 0xC0], 2), ([0xF1, 0x80, 0x80, 0x41], 3), ([0x41, 0x41, 0xE0, 0x80], 3),
    ] as [([UInt8], Int)])
  func isRefusedAtTheFirstWrongByte(_ bytes: [UInt8], _ index: Int) {
    for lead in [0, 1, 15, 16, 17, 40] {
      let whole = [UInt8](repeating: 0x61, count: lead) + bytes
      var validator = UTF8Validator()
      let answers = whole.map { byte in withUnsafeBytes(of: byte) { validator.consume($0) } }
      #expect(answers.firstIndex(of: false) == lead + index)
      #expect(!validator.isAtBoundary)
      let later = withUnsafeBytes(of: UInt8(0x61)) { validator.consume($0) }
      let empty = validator.consume(UnsafeRawBufferPointer(start: nil, count: 0))
      #expect(!later && !empty, "a refusal must last")
      #expect(!isValid(whole + Array(repeating: 0x61, count: 33)))
      #expect(whole.withUnsafeBytes { UTF8Validator.validPrefixCount($0) } <= lead + index)
    }
  }

  @Test func oneWrongByteAnywhereInLongTextIsFound() {
    for length in 1...100 {
      for place in 0..<length {
        var bytes = [UInt8](repeating: 0x61, count: length)
        #expect(isValid(bytes))
        bytes[place] = 0xFF
        #expect(!isValid(bytes), "\(place) of \(length)")
      }
    }
  }

  @Test func textCutInTwoAnywhereIsStillValid() {
    let text = Array("ASCII before, grüße, 日本語, 🎮🎲, and enough ASCII after it all to fill a step".utf8)
    for cut in 0...text.count {
      var validator = UTF8Validator()
      let isRight =
        text[..<cut].withUnsafeBytes { validator.consume($0) }
        && text[cut...].withUnsafeBytes { validator.consume($0) }
      #expect(isRight && validator.isAtBoundary)
      let prefix = text[..<cut].withUnsafeBytes { UTF8Validator.validPrefixCount($0) }
      #expect(cut - prefix < 4 && String(validating: text[..<prefix], as: UTF8.self) != nil)
    }
  }
}
