import HTTP
import LuaHost

extension MountCore {
  mutating func performRequest(_ call: Call, _ operation: lh_operation) throws(OperationError) {
    guard let view = request else { throw OperationError("the request is over") }
    switch operation {
    case LH_OP_REQUEST_METHOD: unsafe call.answer(copying: view.head.method, in: &results)
    case LH_OP_REQUEST_PATH: unsafe call.answer(copying: view.head.path, in: &results)
    case LH_OP_REQUEST_TARGET: unsafe call.answer(copying: view.head.target, in: &results)
    case LH_OP_REQUEST_ADDRESS: unsafe call.answer(copying: view.address, in: &results)
    case LH_OP_REQUEST_QUERY: unsafe answer(view.head.query(call.string(1)), call)
    case LH_OP_REQUEST_HEADER: unsafe answer(view.head.header(call.string(1)), call)
    case LH_OP_REQUEST_OFFERS: unsafe call.answer(view.subprotocols.contains(call.string(1)))
    case LH_OP_REQUEST_ANSWER: try unsafe answerRequest(call)
    default: try unsafe decideUpgrade(call, operation)
    }
  }

  private mutating func answer(_ text: String?, _ call: Call) {
    if let text { unsafe call.answer(copying: text, in: &results) } else { unsafe call.answerNil() }
  }

  private mutating func decideUpgrade(_ call: Call, _ operation: lh_operation) throws(OperationError) {
    guard request?.isUpgrade == true else { throw OperationError("only on_upgrade decides over a handshake") }
    switch operation {
    case LH_OP_REQUEST_CHOOSE:
      let wanted = unsafe call.string(1)
      guard request?.subprotocols.contains(wanted) == true else {
        throw OperationError("the client does not offer the subprotocol '\(wanted)'")
      }
      decide { $0.chosen = wanted }
    case LH_OP_REQUEST_ATTACH:
      guard let value = unsafe call.plain(2) else { return }
      let attachment = unsafe Attachment(name: call.array(1), value: value)
      decide { $0.attachments.append(attachment) }
    default:
      let refusal = try unsafe self.answer(call)
      decide { $0.refusal = refusal }
      unsafe call.answer(true)
    }
  }

  private mutating func answerRequest(_ call: Call) throws(OperationError) {
    guard request?.isUpgrade == false else { throw OperationError("only on_request answers plain HTTP") }
    let answer = try unsafe self.answer(call)
    decide { $0.answer = answer }
    unsafe call.answer(true)
  }

  /// Status, body and headers of an answer or refusal.
  private func answer(_ call: Call) throws(OperationError) -> RequestAnswer {
    var headers: [HeaderField] = []
    for index in unsafe 0..<call.fieldCount {
      let field = unsafe call.field(index)
      let name = unsafe String(
        decoding: UnsafeRawBufferPointer(start: field.pointee.key, count: field.pointee.key_count), as: UTF8.self)
      guard unsafe field.pointee.value.kind == LH_TEXT.rawValue else {
        throw OperationError("header '\(name)': the value is a string")
      }
      let value = unsafe String(
        decoding: UnsafeRawBufferPointer(start: field.pointee.value.bytes, count: field.pointee.value.count),
        as: UTF8.self)
      guard let header = HeaderField(name, value) else {
        throw OperationError("header '\(name)' has a character that HTTP does not allow")
      }
      headers.append(header)
    }
    let body = unsafe call.isGiven(2) ? call.array(2) : []
    let status = try unsafe status(call)
    return RequestAnswer(status: status, headers: headers, body: body)
  }

  /// Changes the request outside of its optional: assigned in place (`request?.answer = …`), what stood there before
  /// would leak (Swift 6.3).
  private mutating func decide(_ change: (inout RequestView) -> Void) {
    guard var view = request.take() else { return }
    change(&view)
    request = view
  }

  private func status(_ call: Call) throws(OperationError) -> Int {
    let status = unsafe call.integer(1)
    guard status >= 200, status <= 599 else { throw OperationError("an HTTP status is 200 to 599") }
    return Int(status)
  }
}
