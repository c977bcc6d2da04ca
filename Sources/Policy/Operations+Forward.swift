import Bytes
import Lobby
import LuaHost
import WebSocket

extension MountCore {
  private func destination(_ call: Call) -> Destination? {
    if unsafe call.isPeer(1) { return unsafe .peer(call.peer(1)) }
    let lobby = unsafe call.lobby(1)
    return machine.isLive(lobby) ? .members(lobby, except: []) : nil
  }

  mutating func forward(_ call: Call) throws(OperationError) {
    guard let destination = unsafe destination(call) else { throw OperationError(.lobbyGone) }
    let bytes = unsafe message.bytes
    guard let count = try unsafe planEdits(call) else {
      return unsafe send(to: destination, message.isBinary ? .binary : .text, count: bytes.count) {
        if bytes.count > 0 { unsafe $0.copyMemory(from: bytes) }
      }
    }
    let splice = unsafe message.splice
    unsafe send(to: destination, .text, count: count) { unsafe splice.pointee.write(bytes, into: $0) }
  }

  /// Plans the message with the fields of this call in it and answers how long it is; nil when there are none.
  @inline(__always)
  mutating func planEdits(_ call: Call) throws(OperationError) -> Int? {
    guard unsafe call.fieldCount > 0 else { return nil }
    unsafe message.splice.pointee.begin()
    for index in unsafe 0..<call.fieldCount { try unsafe addEdit(call.field(index)) }
    if let count = message.planSplice(depthMax: limits.jsonDepth) { return count }
    guard message.shape(depthMax: limits.jsonDepth) == .object else {
      throw OperationError("the message is not a JSON object: it has no fields to replace")
    }
    throw OperationError("a field is inside another one that is replaced too, or the name of one is not UTF-8")
  }

  private mutating func addEdit(_ field: UnsafeMutablePointer<lh_field>) throws(OperationError) {
    let name = unsafe UnsafeRawBufferPointer(start: field.pointee.key, count: field.pointee.key_count)
    let value = unsafe field.pointee.value
    if unsafe value.kind == LH_INTEGER.rawValue, unsafe replaceDirectly(name, value.integer) { return }
    if unsafe value.kind == LH_TEXT_OR_EMPTY.rawValue, unsafe message.hasString(name, depthMax: limits.jsonDepth) {
      return
    }
    guard unsafe message.isPath(name, depthMax: limits.jsonDepth) else { return try unsafe addEdit(name, value) }
    try unsafe addNestedEdit(name, value)
  }

  private mutating func addNestedEdit(_ path: UnsafeRawBufferPointer, _ value: lh_value) throws(OperationError) {
    guard let parent = unsafe message.parent(path, depthMax: limits.jsonDepth) else {
      let name = unsafe String(decoding: path, as: UTF8.self)
      throw OperationError("field '\(name)': what stands before its last dot is not one object in this message")
    }
    unsafe message.splice.pointee.enter(parent)
    try unsafe addEdit(parent.name, value)
    unsafe message.splice.pointee.leave()
  }

  private mutating func addEdit(_ key: UnsafeRawBufferPointer, _ value: lh_value) throws(OperationError) {
    let bytes = unsafe UnsafeRawBufferPointer(start: value.bytes, count: value.count)
    switch unsafe lh_kind(value.kind) {
    case LH_INTEGER: unsafe message.splice.pointee.replace(key, integer: value.integer)
    case LH_ABSENT: unsafe message.splice.pointee.remove(key)
    case LH_TEXT_OR_EMPTY:
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

  /// Gives a member that stands in the message once an integer: it is not looked for again, and what is there already
  /// needs no edit.
  @inline(__always)
  private mutating func replaceDirectly(_ key: UnsafeRawBufferPointer, _ integer: Int64) -> Bool {
    guard let member = unsafe message.soleMember(key, depthMax: limits.jsonDepth) else { return false }
    if unsafe member.isInteger && member.integer(in: message.bytes) == integer { return true }
    unsafe message.splice.pointee.replace(member, integer: integer)
    return true
  }

  mutating func forwardRest(_ call: Call) throws(OperationError) {
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
