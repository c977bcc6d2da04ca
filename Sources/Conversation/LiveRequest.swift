import Bytes
import HTTP
import Reactor

/// A plain HTTP request on a connection of its own.
enum LiveRequest {
  /// - Parameter patience: milliseconds; nil for as long as the server is there.
  static func fetch(
    _ request: PlainRequest, from target: LiveTarget, patience: Int?
  ) throws(StageError) -> PlainReply {
    var outbox = ByteQueue()
    let close = HeaderField("Connection", "close").map { [$0] } ?? []
    guard
      outbox.appendRequest(
        method: request.method, target: request.path, host: target.host, headers: close + request.headers,
        body: request.body)
    else { throw StageError("the path cannot stand in a request") }
    do throws(SystemError) {
      let stream = try connect(to: target, patience ?? LiveStage.answerMilliseconds)
      if patience == nil { try stream.keepAlive() }
      let deadline = patience.map { Clock.milliseconds + UInt64($0) } ?? UInt64(Int.max)
      try write(&outbox, to: stream, until: deadline)
      return try read(from: stream, until: deadline, omitsBody: request.method == "HEAD")
    } catch {
      throw StageError(error.description)
    }
  }

  private static func connect(to target: LiveTarget, _ milliseconds: Int) throws(SystemError) -> Stream {
    do throws(StageError) {
      return try target.connect(milliseconds: milliseconds)
    } catch {
      throw SystemError("connect", 0, error.message)
    }
  }

  private static func left(until deadline: UInt64) throws(SystemError) -> Int {
    let now = Clock.milliseconds
    guard now < deadline else { throw SystemError("poll", 0, "the server did not answer in time") }
    return Int(deadline - now)
  }

  private static func write(
    _ outbox: inout ByteQueue, to stream: borrowing Stream, until deadline: UInt64
  ) throws(SystemError) {
    while !outbox.isEmpty {
      let number = unsafe outbox.withBytes { unsafe stream.write(UnsafeRawBufferPointer($0)) }
      switch number {
      case .bytes(let count): outbox.removeFirst(count)
      case .wouldBlock: _ = try stream.waitWritable(milliseconds: left(until: deadline))
      case .failed(let code): throw SystemError("send", code)
      }
    }
  }

  private static func read(
    from stream: borrowing Stream, until deadline: UInt64, omitsBody: Bool
  ) throws(SystemError) -> PlainReply {
    var inbox = ByteQueue()
    while true {
      _ = try stream.waitReadable(milliseconds: left(until: deadline))
      var answer = ReadResult.wouldBlock
      _ = unsafe inbox.appendUpTo(minimum: 64 << 10) { room in
        answer = unsafe stream.read(into: room)
        if case .bytes(let count) = answer { return count }
        return 0
      }
      var ended = false
      switch answer {
      case .bytes: break
      case .wouldBlock: continue
      case .endOfStream: ended = true
      case .failed(let code): throw SystemError("recv", code)
      }
      if let reply = try reply(in: &inbox, ended: ended, omitsBody: omitsBody) { return reply }
      guard !ended, inbox.count <= TalkLimits.repeatBytesMax else {
        throw SystemError("recv", 0, "the server's answer is cut short or too long")
      }
    }
  }

  /// The reply if all of it is there: up to Content-Length, or to the end of the connection.
  private static func reply(
    in inbox: inout ByteQueue, ended: Bool, omitsBody: Bool
  ) throws(SystemError) -> PlainReply? {
    switch unsafe inbox.withBytes({ unsafe ResponseHead.parse(UnsafeRawBufferPointer($0)) }) {
    case .incomplete: return nil
    case .failure(let reason): throw SystemError("recv", 0, "the server's answer is not HTTP: \(reason)")
    case .complete(let head, let length):
      let bodyless = omitsBody || head.status == 204 || head.status == 304
      let wanted = bodyless ? 0 : head.contentLength ?? (ended ? inbox.count - length : Int.max)
      guard inbox.count - length >= wanted else { return nil }
      let body = unsafe inbox.withBytes { unsafe Array($0[length..<(length + wanted)]) }
      return PlainReply(status: head.status, headers: head.headers, body: body)
    }
  }
}
