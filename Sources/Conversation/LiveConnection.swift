import Bytes
import HTTP
import Reactor
import WebSocket

/// One WebSocket of a live conversation: reads and writes what the socket takes, keeps what was heard.
final class LiveConnection {
  private enum Phase {
    case handshake(ClientHandshake)
    case open
    /// Nothing further is read.
    case finished
  }

  let stream: Stream
  private var phase: Phase
  private var inbound = Inbound(role: .client, messageBytesMax: TalkLimits.repeatBytesMax)
  private var inbox = ByteQueue()
  private var outbox = ByteQueue()
  private var closeSent = false
  private(set) var heard: [Heard] = []
  /// What the server did that no server may do.
  private(set) var violation: String?

  var isFinished: Bool { if case .finished = phase { outbox.isEmpty } else { false } }
  var wantsToWrite: Bool { !outbox.isEmpty }

  init(_ stream: consuming Stream, _ handshake: ClientHandshake) throws(StageError) {
    self.stream = stream
    phase = .handshake(handshake)
    guard handshake.appendRequest(to: &outbox) else {
      throw StageError("the path or a subprotocol cannot stand in a request")
    }
    flush()
  }

  func takeHeard() -> Heard? { heard.isEmpty ? nil : heard.removeFirst() }

  // MARK: - Out

  func send(_ message: Sent) {
    switch message {
    case .text(let bytes): append(.text, bytes)
    case .binary(let bytes): append(.binary, bytes)
    case .ping(let bytes): append(.ping, bytes)
    case .pong(let bytes): append(.pong, bytes)
    case .raw(let bytes): outbox.append(bytes)
    }
    flush()
  }

  /// Any code and any reason, right or wrong: the server has to cope.
  func close(code: UInt16?, reason: [UInt8]) {
    append(.close, code.map { [UInt8($0 >> 8), UInt8($0 & 0xFF)] + reason } ?? [])
    closeSent = true
    flush()
  }

  /// A masked frame (RFC 6455 §5.3), control frames of any length included.
  private func append(_ opcode: Opcode, _ payload: [UInt8]) {
    let key = UInt32.random(in: .min ... .max)
    let header = FrameHeader(opcode: opcode, payloadCount: payload.count, key: key)
    unsafe payload.withUnsafeBytes { payload in
      unsafe outbox.append(count: header.count + payload.count) { place in
        unsafe header.encode(into: place)
        let room = unsafe UnsafeMutableRawBufferPointer(rebasing: place[header.count...])
        unsafe room.copyMemory(from: payload)
        unsafe Masking.apply(key, to: room)
      }
    }
  }

  func flush() {
    while !outbox.isEmpty {
      switch unsafe outbox.withBytes({ unsafe stream.write(UnsafeRawBufferPointer($0)) }) {
      case .bytes(let count): outbox.removeFirst(count)
      case .wouldBlock: return
      case .failed:
        // What the server said before it went is still to be read.
        outbox.removeAll()
      }
    }
  }

  // MARK: - In

  func read() {
    while true {
      var answer = ReadResult.wouldBlock
      _ = unsafe inbox.appendUpTo(minimum: 64 << 10) { room in
        answer = unsafe stream.read(into: room)
        if case .bytes(let count) = answer { return count }
        return 0
      }
      switch answer {
      case .bytes: digest(ended: false)
      case .wouldBlock: return
      case .endOfStream, .failed:
        digest(ended: true)
        if case .finished = phase { return }
        heard.append(.dropped)
        finish()
        return
      }
    }
  }

  private func digest(ended: Bool) {
    if case .handshake(let handshake) = phase { takeHandshake(handshake, ended: ended) }
    guard case .open = phase else {
      if case .finished = phase { inbox.removeAll() }
      return
    }
    let consumed = unsafe inbox.withBytes { bytes in
      var offset = 0
      while case .open = phase {
        let event = unsafe inbound.next(bytes, at: &offset)
        guard unsafe take(event) else { break }
      }
      return offset
    }
    inbox.removeFirst(min(consumed, inbox.count))
  }

  private func takeHandshake(_ handshake: ClientHandshake, ended: Bool) {
    let limits = HeadLimits(headBytesMax: TalkLimits.lineBytesMax)
    switch unsafe inbox.withBytes({ unsafe handshake.check(UnsafeRawBufferPointer($0), limits: limits) }) {
    case .incomplete: return
    case .accepted(let length, let subprotocol):
      inbox.removeFirst(length)
      heard.append(.opened(subprotocol: subprotocol))
      phase = .open
    case .refused(let head, let body):
      let wanted = head.contentLength ?? (ended ? body.count : Int.max)
      guard ended || body.count >= wanted else { return }
      heard.append(.refused(status: head.status, body: Array(body.prefix(wanted))))
      finish()
    case .violation(let reason):
      violation = "the server's handshake is wrong: \(reason)"
      finish()
    }
  }

  /// False when no whole frame is left.
  private func take(_ event: InboundEvent) -> Bool {
    switch unsafe event {
    case .incomplete: return false
    case .message(let isBinary, let payload):
      let bytes = unsafe Array(payload)
      heard.append(isBinary ? .binary(bytes) : .text(bytes))
    case .compressed: preconditionFailure("no extension was offered")
    case .ping(let payload):
      append(.pong, unsafe Array(payload))
      flush()
    case .pong(let payload): heard.append(.pong(unsafe Array(payload)))
    case .close(let code, let reason):
      heard.append(.closed(code: code, reason: unsafe Array(reason)))
      if !closeSent { close(code: code, reason: []) }
      finish()
    case .violation(let code, let reason):
      violation = "the server broke the protocol: \(reason)"
      if !closeSent { close(code: code, reason: []) }
      finish()
    }
    return true
  }

  private func finish() { phase = .finished }
}
