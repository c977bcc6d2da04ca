import Bytes
import HTTP
import Reactor
import WebSocket

import class Foundation.Thread

/// A server of few words on a port of its own, for as long as the tests run: it echoes, and does as some texts say.
final class EchoServer {
  static let port: UInt16 = {
    guard let listener = try? Listener(on: "127.0.0.1:0") else { return 0 }
    let port = listener.address.port
    let server = EchoServer(listener)
    nonisolated(unsafe) let handedOver = server
    Thread.detachNewThread { try? handedOver.run() }
    return port
  }()

  private final class Client {
    let stream: Stream
    var inbound = Inbound(role: .server, messageBytesMax: 0)
    var inbox = ByteQueue()
    var outbox = ByteQueue()
    var isOpen = false
    var isGone = false

    init(_ stream: consuming Stream) { self.stream = stream }
  }

  private var listener: Listener
  private var clients: [UInt32: Client] = [:]

  private init(_ listener: consuming Listener) { self.listener = listener }

  private func run() throws {
    var reactor = try Reactor()
    var count: UInt32 = 0
    try reactor.add(listener.descriptor, .reading, Token(slot: 0, generation: 0))
    while true {
      for index in 0..<(try reactor.wait(until: nil)) {
        let slot = reactor.event(index).token.slot
        if slot == 0 {
          guard case .newcomer(let stream, _) = listener.accept() else { continue }
          count += 1
          let client = Client(stream)
          clients[count] = client
          try reactor.add(client.stream.descriptor, .reading, Token(slot: count, generation: 0))
        } else if let client = clients[slot] {
          serve(client)
          if client.isGone { clients[slot] = nil }
        }
      }
    }
  }

  private func serve(_ client: Client) {
    var answer = ReadResult.wouldBlock
    _ = client.inbox.appendUpTo(minimum: 1 << 16) { room in
      answer = client.stream.read(into: room)
      if case .bytes(let count) = answer { return count }
      return 0
    }
    if answer == .endOfStream { client.isGone = true }
    if case .failed = answer { client.isGone = true }
    if !client.isOpen { open(client) }
    if client.isOpen { talk(client) }
    while !client.outbox.isEmpty {
      switch client.outbox.withBytes({ client.stream.write(UnsafeRawBufferPointer($0)) }) {
      case .bytes(let count): client.outbox.removeFirst(count)
      case .wouldBlock: _ = try? client.stream.waitWritable(milliseconds: 1_000)
      case .failed: client.outbox.removeAll()
      }
    }
  }

  private func open(_ client: Client) {
    guard
      case .complete(let head, let length) = client.inbox.withBytes({ RequestHead.parse(UnsafeRawBufferPointer($0)) })
    else { return }
    client.inbox.removeFirst(length)
    switch (head.path, ServerHandshake.answer(head)) {
    case ("/refuse", _):
      client.outbox.append("HTTP/1.1 403 Forbidden\r\nContent-Length: 8\r\n\r\nNo entry")
    case (_, .accept(let upgrade)):
      client.outbox.appendSwitchingProtocols(upgrade, subprotocol: upgrade.subprotocols.last)
      client.isOpen = true
      if head.path == "/tell" { say(client, head.target + " " + (head.header("X-Who") ?? "-")) }
    default:
      client.outbox.append("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"path\":\"\(head.target)\"}")
      client.isGone = true
    }
  }

  private func say(_ client: Client, _ text: String) {
    Array(text.utf8).withUnsafeBytes { client.outbox.appendFrame(.text, $0) }
  }

  private func talk(_ client: Client) {
    let consumed = client.inbox.withBytes { bytes in
      var offset = 0
      while !client.isGone {
        switch client.inbound.next(bytes, at: &offset) {
        case .incomplete: return offset
        case .message(false, let payload) where payload.count < 16:
          obey(client, String(decoding: payload, as: UTF8.self))
        case .message(let binary, let payload):
          client.outbox.appendFrame(binary ? .binary : .text, UnsafeRawBufferPointer(payload))
        case .ping(let payload): client.outbox.appendFrame(.pong, payload)
        case .pong(let payload): say(client, "ponged \(payload.count)")
        case .close(let code, _):
          client.outbox.appendClose(code: code)
          client.isGone = true
        case .compressed: preconditionFailure("no extension was offered")
        case .violation(let code, let reason):
          client.outbox.appendClose(code: code, reason: reason.description)
          client.isGone = true
        }
      }
      return offset
    }
    client.inbox.removeFirst(min(consumed, client.inbox.count))
  }

  private func obey(_ client: Client, _ order: String) {
    switch order {
    case "ping me": "abc".withCString { client.outbox.appendFrame(.ping, UnsafeRawBufferPointer(start: $0, count: 3)) }
    case "close me": client.outbox.appendClose(code: 4000, reason: "Lobby is sealed")
    case "close bare": client.outbox.appendClose(code: nil)
    case "drop me": client.isGone = true
    case "break": client.outbox.append([0x85, 0x00])
    case "pieces":
      client.outbox.append([0x01, 0x02, 0x61, 0x62])
      client.outbox.append([0x80, 0x01, 0x63])
    default: say(client, order)
    }
  }
}
