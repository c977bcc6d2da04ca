import Bytes

/// JSON as the admin listener answers it.
enum JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
  case null
  case flag(Bool)
  case integer(Int)
  /// Written with three digits behind the point at the most.
  case number(Double)
  case text(String)
  case list([JSON])
  /// In the order in which they are written. Nil leaves a member out.
  case object([(String, JSON?)])

  init(stringLiteral text: String) { self = .text(text) }
  init(integerLiteral number: Int) { self = .integer(number) }
  init(booleanLiteral flag: Bool) { self = .flag(flag) }

  /// Bytes that need not be UTF-8.
  static func text(_ bytes: [UInt8]) -> JSON { .text(String(decoding: bytes, as: UTF8.self)) }

  static func count(_ number: some BinaryInteger) -> JSON { .integer(Int(clamping: number)) }

  static func texts(_ texts: [String]) -> JSON { .list(texts.map { .text($0) }) }

  /// Counters by name.
  static func counts(_ counts: [(String, some BinaryInteger)]) -> JSON {
    .object(counts.map { ($0.0, .count($0.1)) })
  }

  static func seconds(milliseconds: UInt64) -> JSON { .number(Double(milliseconds) / 1000) }

  static func microseconds(_ nanoseconds: UInt64) -> JSON { .number(Double(nanoseconds) / 1000) }

  /// The text.
  var bytes: [UInt8] {
    var queue = ByteQueue()
    write(into: &queue)
    return unsafe queue.withBytes { unsafe Array($0) }
  }

  private func write(into queue: inout ByteQueue) {
    switch self {
    case .null: queue.append("null")
    case .flag(let flag): queue.append(flag ? "true" : "false")
    case .integer(let number): queue.append("\(number)")
    case .number(let number): queue.append(Self.text(number))
    case .text(let text): queue.append(quoting: text)
    case .list(let items):
      queue.append("[")
      for (position, item) in items.enumerated() {
        if position > 0 { queue.append(",") }
        item.write(into: &queue)
      }
      queue.append("]")
    case .object(let members):
      var isFirst = true
      queue.append("{")
      for case (let name, let value?) in members {
        if !isFirst { queue.append(",") }
        isFirst = false
        queue.append(quoting: name)
        queue.append(":")
        value.write(into: &queue)
      }
      queue.append("}")
    }
  }

  /// JSON has neither infinity nor "not a number" (RFC 8259 §6).
  private static func text(_ number: Double) -> String {
    guard number.isFinite, abs(number) < 1e15 else { return "null" }
    let thousandths = Int((number * 1000).rounded())
    return thousandths % 1000 == 0 ? "\(thousandths / 1000)" : "\(Double(thousandths) / 1000)"
  }
}

/// A Swift string as a JSON string.
enum JSONText {
  static func quoted(_ text: String) -> String {
    var queue = ByteQueue()
    queue.append(quoting: text)
    return unsafe queue.withBytes { unsafe String(decoding: $0, as: UTF8.self) }
  }
}

extension ByteQueue {
  fileprivate mutating func append(quoting text: String) {
    var text = text
    // A Swift string is UTF-8, so it is never refused.
    text.withUTF8 { _ = unsafe append(quoted: UnsafeRawBufferPointer($0)) }
  }
}
