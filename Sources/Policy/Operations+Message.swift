import Bytes
import Lobby
import LuaHost
import WebSocket

extension MountCore {
  mutating func performMessage(_ call: Call, _ operation: lh_operation) throws(OperationError) {
    switch operation {
    case LH_OP_MESSAGE_INTEGER:
      for index in unsafe 1..<max(2, call.count) {
        if let integer = unsafe field(call, index)?.integer(in: message.bytes) {
          unsafe call.answer(integer)
        } else {
          unsafe call.answerNil()
        }
      }
    case LH_OP_MESSAGE_FORWARD: try unsafe forward(call)
    case LH_OP_MESSAGE_HOLD: try unsafe holdMessage(call)
    case LH_OP_MESSAGE_STRING: unsafe answerString(call)
    case LH_OP_MESSAGE_NUMBER:
      guard let number = unsafe field(call)?.number(in: message.bytes) else { return unsafe call.answerNil() }
      unsafe call.answer(number)
    case LH_OP_MESSAGE_BOOLEAN:
      guard let flag = unsafe field(call)?.bool(in: message.bytes) else { return unsafe call.answerNil() }
      unsafe call.answer(flag)
    case LH_OP_MESSAGE_RAW:
      guard let field = unsafe field(call) else { return unsafe call.answerNil() }
      unsafe call.answer(UnsafeRawBufferPointer(rebasing: message.bytes[field.valueRange]))
    case LH_OP_MESSAGE_KIND: unsafe answerKind(call)
    case LH_OP_MESSAGE_TEXT: unsafe call.answer(message.bytes)
    case LH_OP_MESSAGE_IS_BINARY: unsafe call.answer(message.isBinary)
    case LH_OP_MESSAGE_AS_TEXT: unsafe call.answer(message.becomeText())
    case LH_OP_MESSAGE_SIZE: unsafe call.answer(Int64(message.bytes.count))
    case LH_OP_MESSAGE_SUB:
      unsafe call.answer(part(from: call.integer(1), to: call.isGiven(2) ? call.integer(2) : -1))
    case LH_OP_MESSAGE_FIND: unsafe find(call)
    default: try unsafe forwardRest(call)
    }
  }

  /// The field at the path that argument `index` is; without one the whole message.
  @inline(__always)
  private mutating func field(_ call: Call, _ index: Int = 1) -> JSONField? {
    guard unsafe call.isGiven(index) else { return message.whole(depthMax: limits.jsonDepth) }
    return unsafe message.field(call.bytes(index), depthMax: limits.jsonDepth)
  }

  private mutating func answerString(_ call: Call) {
    guard let field = unsafe field(call) else { return unsafe call.answerNil() }
    if let plain = unsafe field.plainString(in: message.bytes) { return unsafe call.answer(plain) }
    unescaped.removeAll()
    guard unsafe field.string(in: message.bytes, into: &unescaped) != .notString else {
      return unsafe call.answerNil()
    }
    unsafe call.answer(unescaped.withBytes { UnsafeRawBufferPointer($0) })
  }

  private mutating func answerKind(_ call: Call) {
    guard let word = unsafe field(call)?.kind.word else { return unsafe call.answerNil() }
    unsafe call.answer(UnsafeRawBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
  }

  /// Positions as in `string.sub`: from 1, negative ones from the end.
  func part(from first: Int64, to last: Int64) -> UnsafeRawBufferPointer {
    let count = unsafe Int64(message.bytes.count)
    let start = max(first < 0 ? count + first + 1 : first, 1)
    let end = min(last < 0 ? count + last + 1 : last, count)
    guard start <= end else { return unsafe UnsafeRawBufferPointer(start: nil, count: 0) }
    return unsafe UnsafeRawBufferPointer(rebasing: message.bytes[Int(start - 1)..<Int(end)])
  }

  private func find(_ call: Call) {
    let wanted = unsafe call.bytes(1)
    let from = unsafe call.isGiven(2) ? call.integer(2) : 1
    let rest = unsafe part(from: from, to: -1)
    guard let position = unsafe ByteSearch.first(wanted, in: rest) else { return unsafe call.answerNil() }
    unsafe call.answer(Int64(message.bytes.count - rest.count + position + 1))
  }
}

extension JSONField.Kind {
  /// The word that scripts use.
  var word: StaticString {
    switch self {
    case .object: "object"
    case .array: "array"
    case .string: "string"
    case .number: "number"
    case .bool: "boolean"
    case .null: "null"
    }
  }
}
