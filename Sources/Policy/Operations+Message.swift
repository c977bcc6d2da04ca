import Bytes
import Lobby
import LuaHost
import WebSocket

extension MountCore {
  mutating func performMessage(_ call: Call, _ operation: lh_operation) throws(OperationError) {
    switch operation {
    case LH_OP_MESSAGE_INTEGER:
      for index in unsafe 1..<max(1, call.count) {
        let found = unsafe message.field(call.bytes(index), depthMax: limits.jsonDepth)
        if let integer = unsafe found?.integer(in: message.bytes) {
          unsafe call.answer(integer)
        } else {
          unsafe call.answerNil()
        }
      }
    case LH_OP_MESSAGE_FORWARD: try unsafe forward(call)
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

  @inline(__always)
  private mutating func field(_ call: Call) -> JSONField? {
    unsafe message.field(call.bytes(1), depthMax: limits.jsonDepth)
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
    var shape = JSONIndex.Shape.invalid
    if unsafe call.isGiven(1) {
      if let field = unsafe field(call) { shape = JSONIndex.Shape(field.kind) }
    } else {
      shape = message.shape(depthMax: limits.jsonDepth)
    }
    guard let word = shape.word else { return unsafe call.answerNil() }
    unsafe call.answer(UnsafeRawBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
  }

  /// Positions as in `string.sub`: from 1, negative ones from the end.
  private func part(from first: Int64, to last: Int64) -> UnsafeRawBufferPointer {
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

  // MARK: Sending on

  private func destination(_ call: Call) -> Destination? {
    if unsafe call.isPeer(1) { return unsafe .peer(call.peer(1)) }
    let lobby = unsafe call.lobby(1)
    return machine.isLive(lobby) ? .members(lobby, except: []) : nil
  }

  private mutating func forward(_ call: Call) throws(OperationError) {
    guard let destination = unsafe destination(call) else { throw OperationError(.lobbyGone) }
    guard unsafe call.fieldCount > 0 else {
      let bytes = unsafe message.bytes
      unsafe send(to: destination, message.isBinary ? .binary : .text, count: bytes.count) {
        if bytes.count > 0 { unsafe $0.copyMemory(from: bytes) }
      }
      return
    }
    let splice = unsafe message.splice
    unsafe splice.pointee.begin()
    for index in unsafe 0..<call.fieldCount { try unsafe addEdit(call.field(index)) }
    guard let count = message.planSplice(depthMax: limits.jsonDepth) else {
      throw OperationError("the message is not a JSON object: it has no fields to replace")
    }
    let bytes = unsafe message.bytes
    unsafe send(to: destination, .text, count: count) { unsafe splice.pointee.write(bytes, into: $0) }
  }

  private mutating func addEdit(_ field: UnsafeMutablePointer<lh_field>) throws(OperationError) {
    let key = unsafe UnsafeRawBufferPointer(start: field.pointee.key, count: field.pointee.key_count)
    let value = unsafe field.pointee.value
    let bytes = unsafe UnsafeRawBufferPointer(start: value.bytes, count: value.count)
    switch unsafe lh_kind(value.kind) {
    case LH_INTEGER: unsafe addInteger(key, value.integer)
    case LH_ABSENT: unsafe message.splice.pointee.remove(key)
    case LH_TEXT_OR_EMPTY:
      if unsafe message.hasString(key, depthMax: limits.jsonDepth) { return }
      unsafe message.splice.pointee.replace(key, string: UnsafeRawBufferPointer(start: nil, count: 0))
    case LH_JSON: unsafe message.splice.pointee.replace(key, json: bytes)
    case LH_BOOL: unsafe message.splice.pointee.replace(key, bool: value.integer != 0)
    case LH_NUMBER:
      guard unsafe message.splice.pointee.replace(key, number: value.number) else {
        throw OperationError("JSON has no infinity and no NaN")
      }
    default:
      guard unsafe message.splice.pointee.replace(key, string: bytes) else {
        throw OperationError("the text of a field is not UTF-8")
      }
    }
  }

  /// What stands there already needs no edit, and a member that stands there once is not looked for again.
  @inline(__always)
  private mutating func addInteger(_ key: UnsafeRawBufferPointer, _ integer: Int64) {
    guard let member = unsafe message.soleMember(key, depthMax: limits.jsonDepth) else {
      unsafe message.splice.pointee.replace(key, integer: integer)
      return
    }
    if unsafe member.isInteger && member.integer(in: message.bytes) == integer { return }
    unsafe message.splice.pointee.replace(member, integer: integer)
  }

  private mutating func forwardRest(_ call: Call) throws(OperationError) {
    guard let destination = unsafe destination(call) else { throw OperationError(.lobbyGone) }
    let prefix = unsafe call.bytes(2)
    let rest = unsafe part(from: call.integer(3), to: -1)
    if !message.isBinary {
      guard unsafe UTF8Validator.isValid(prefix), unsafe UTF8Validator.isValid(rest) else {
        throw OperationError("prefix and rest are not UTF-8: the cut is inside a character")
      }
    }
    unsafe send(to: destination, message.isBinary ? .binary : .text, count: prefix.count + rest.count) { room in
      unsafe room.copyMemory(from: prefix)
      unsafe UnsafeMutableRawBufferPointer(rebasing: room[prefix.count...]).copyMemory(from: rest)
    }
  }
}

extension JSONIndex.Shape {
  /// The word that scripts use.
  var word: StaticString? {
    switch self {
    case .invalid: nil
    case .object: "object"
    case .array: "array"
    case .string: "string"
    case .number: "number"
    case .bool: "boolean"
    case .null: "null"
    }
  }
}
