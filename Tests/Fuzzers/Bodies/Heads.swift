import Bytes
import HTTP
import WebSocket

extension Fuzzer {
  /// A head means the same however much of what follows has arrived, and survives being written again.
  public static let heads = Fuzzer(name: "heads") { input in
    let limits = HeadLimits(headBytesMax: 2048, fieldsMax: 16)
    let whole = RequestHead.parse(input, limits: limits)
    let response = ResponseHead.parse(input, limits: limits)
    for count in stride(from: 0, to: input.count, by: max(1, input.count / 32)) {
      let prefix = UnsafeRawBufferPointer(rebasing: input[..<count])
      guard agree(RequestHead.parse(prefix, limits: limits), whole) else {
        return "The request reads differently after \(count) bytes"
      }
      guard agree(ResponseHead.parse(prefix, limits: limits), response) else {
        return "The response reads differently after \(count) bytes"
      }
    }
    guard case .complete(let head, let length) = whole else { return nil }
    guard length <= input.count, length <= limits.headBytesMax else { return "The head is longer than what arrived" }
    return rewritten(head) ?? answered(head)
  }

  private static func agree(_ early: RequestHeadAnswer, _ whole: RequestHeadAnswer) -> Bool {
    switch (early, whole) {
    case (.incomplete, _): true
    case (.complete(let one, let length), .complete(let other, let otherLength)): one == other && length == otherLength
    case (.failure(let one, _), .failure(let other, _)): one == other
    default: false
    }
  }

  private static func agree(_ early: ResponseHeadAnswer, _ whole: ResponseHeadAnswer) -> Bool {
    switch (early, whole) {
    case (.incomplete, _): true
    case (.complete(let one, let length), .complete(let other, let otherLength)): one == other && length == otherLength
    case (.failure, .failure): true
    default: false
    }
  }

  private static func rewritten(_ head: RequestHead) -> String? {
    guard head.minorVersion == 1, let host = head.header("Host"), !host.isEmpty else { return nil }
    let others = head.headers.filter { !$0.isNamed("Host") }
    var queue = ByteQueue()
    guard queue.appendRequest(method: head.method, target: head.target, host: host, headers: others) else {
      return "What was read cannot be written"
    }
    let again = queue.withBytes { RequestHead.parse(UnsafeRawBufferPointer($0)) }
    guard case .complete(let copy, let length) = again, length == queue.count, copy.method == head.method,
      copy.target == head.target, copy.path == head.path, copy.queryText == head.queryText, copy.body == head.body,
      copy.headers.filter({ !$0.isNamed("Host") }) == others
    else { return "Written again it reads \(again)" }
    return nil
  }

  /// The server's answer to a handshake is one that a client can read.
  private static func answered(_ head: RequestHead) -> String? {
    var queue = ByteQueue()
    let expected: Int
    switch ServerHandshake.answer(head) {
    case .accept(let upgrade):
      queue.appendSwitchingProtocols(upgrade, subprotocol: upgrade.subprotocols.last)
      expected = 101
    case .refuse(let status, let headers, let body):
      queue.appendResponse(status: status, headers: headers, body: body)
      expected = status
    }
    let answer = queue.withBytes { ResponseHead.parse(UnsafeRawBufferPointer($0)) }
    guard case .complete(let response, let length) = answer, response.status == expected,
      length + (response.contentLength ?? 0) == queue.count
    else { return "The answer \(expected) reads \(answer)" }
    return nil
  }
}
