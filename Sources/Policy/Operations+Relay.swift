import Lobby
import LuaHost

extension MountCore {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
  private static let randomBytesMax: Int64 = 65_536

  mutating func performRelay(_ call: Call, _ operation: lh_operation) throws(OperationError) {
    switch operation {
    case LH_OP_RELAY_NOW: unsafe call.answer(wallSeconds)
    case LH_OP_RELAY_LOG: try unsafe log(call)
    case LH_OP_RELAY_COUNT: try unsafe count(call)
    case LH_OP_RANDOM_INTEGER:
      let (low, high) = unsafe (call.integer(0), call.integer(1))
      guard low <= high else { throw OperationError("low is above high") }
      let span = UInt64(bitPattern: high &- low)
      let drawn = span == .max ? random.next() : random.next(below: span + 1)
      unsafe call.answer(low &+ Int64(bitPattern: drawn))
    case LH_OP_RANDOM_TEXT:
      let alphabet = unsafe call.isGiven(1) ? call.array(1) : Self.alphabet
      guard !alphabet.isEmpty else { throw OperationError("the alphabet is empty") }
      try unsafe answerRandom(call) { random in alphabet[Int(random.next(below: UInt64(alphabet.count)))] }
    case LH_OP_RANDOM_BYTES:
      try unsafe answerRandom(call) { random in UInt8(truncatingIfNeeded: random.next()) }
    default: unsafe answerUUID(call)
    }
  }

  private mutating func answerRandom(
    _ call: Call, _ draw: (inout RandomSource) -> UInt8
  ) throws(OperationError) {
    let length = unsafe call.integer(0)
    guard length >= 0, length <= Self.randomBytesMax else {
      throw OperationError("a length is 0 to \(Self.randomBytesMax)")
    }
    let drawn = (0..<Int(length)).map { _ in draw(&random) }
    unsafe call.answer(copying: drawn, in: &results)
  }

  /// RFC 9562 §5.4.
  private mutating func answerUUID(_ call: Call) {
    var bytes = (0..<16).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    bytes[6] = bytes[6] & 0x0F | 0x40
    bytes[8] = bytes[8] & 0x3F | 0x80
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for (index, byte) in bytes.enumerated() {
      if [4, 6, 8, 10].contains(index) { text.append(UInt8(ascii: "-")) }
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    unsafe call.answer(copying: text, in: &results)
  }

  private func log(_ call: Call) throws(OperationError) {
    let level = unsafe call.string(0)
    guard ["debug", "info", "warning", "error"].contains(level) else {
      throw OperationError("a level is debug, info, warning or error, not '\(level)'")
    }
    report(.script(level: level, text: unsafe call.string(1)))
  }

  private mutating func count(_ call: Call) throws(OperationError) {
    let name = unsafe call.string(0)
    let amount = unsafe call.isGiven(1) ? call.integer(1) : 1
    guard counters.script[name] != nil || counters.script.count < Self.countersMax else {
      throw OperationError("a script has at most \(Self.countersMax) metrics")
    }
    countersBefore.note(name, was: counters.script[name])
    counters.script[name, default: 0] &+= amount
  }
}
