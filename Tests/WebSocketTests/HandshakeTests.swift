import Bytes
import HTTP
import Testing
import WebSocket

@Suite struct ServerHandshakeTests {
  /// The request of RFC 6455 §1.2, with some lines replaced (by name; nil removes) and some added.
  static func request(
    _ startLine: String = "GET /chat HTTP/1.1", _ changes: [(String, String?)] = []
  ) -> String {
    var lines = [
      ("Host", "server.example.com"), ("Upgrade", "websocket"), ("Connection", "Upgrade"),
      ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="), ("Sec-WebSocket-Version", "13"),
    ]
    for (name, value) in changes {
      lines.removeAll { $0.0 == name }
      if let value { lines.append((name, value)) }
    }
    return startLine + "\r\n" + lines.map { "\($0): \($1)\r\n" }.joined() + "\r\n"
  }

  private func answer(_ text: String) -> ServerHandshake.Answer? {
    switch Array(text.utf8).withUnsafeBytes({ RequestHead.parse($0) }) {
    case .complete(let head, _): ServerHandshake.answer(head)
    case .failure(let status, _): .refuse(status: status, headers: [], body: "")
    case .incomplete: nil
    }
  }

  private func status(_ text: String) -> Int? {
    switch answer(text) {
    case .accept: 101
    case .refuse(let status, _, _): status
    case nil: nil
    }
  }

  @Test func answersTheExampleOfTheRFC() throws {
    guard case .accept(let upgrade) = answer(Self.request()) else {
      Issue.record("refused")
      return
    }
    #expect(upgrade.key == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" && upgrade.subprotocols.isEmpty)
    let reply = appended { $0.appendSwitchingProtocols(upgrade) }
    #expect(
      String(decoding: reply, as: UTF8.self) == """
        HTTP/1.1 101 Switching Protocols\r
        Upgrade: websocket\r
        Connection: Upgrade\r
        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r
        \r

        """)
  }

  @Test func aChosenSubprotocolIsOneMoreLine() {
    guard case .accept(let upgrade) = answer(Self.request("GET / HTTP/1.1", [("Sec-WebSocket-Protocol", "a , b")]))
    else {
      Issue.record("refused")
      return
    }
    #expect(upgrade.subprotocols == ["a", "b"])
    let reply = appended { $0.appendSwitchingProtocols(upgrade, subprotocol: "b") }
    #expect(String(decoding: reply, as: UTF8.self).hasSuffix("xOo=\r\nSec-WebSocket-Protocol: b\r\n\r\n"))
  }

  @Test(
    arguments: [
      ("GET /chat HTTP/1.1", "Origin", nil, 101), ("GET /chat HTTP/1.1", "Connection", "keep-alive, uPGRADE", 101),
      ("GET /chat HTTP/1.1", "Upgrade", "WebSocket", 101), ("GET /chat HTTP/1.1", "Content-Length", "0", 101),
      ("GET /chat HTTP/1.1", "Sec-WebSocket-Extensions", "permessage-deflate", 101),
      ("GET /chat HTTP/1.0", "Origin", nil, 400), ("POST /chat HTTP/1.1", "Origin", nil, 405),
      ("HEAD /chat HTTP/1.1", "Origin", nil, 405), ("GET /chat HTTP/1.1", "Host", nil, 400),
      ("GET /chat HTTP/1.1", "Upgrade", nil, 426), ("GET /chat HTTP/1.1", "Upgrade", "h2c", 426),
      ("GET /chat HTTP/1.1", "Connection", nil, 400), ("GET /chat HTTP/1.1", "Connection", "keep-alive", 400),
      ("GET /chat HTTP/1.1", "Sec-WebSocket-Version", "8", 426),
      ("GET /chat HTTP/1.1", "Sec-WebSocket-Version", nil, 426),
      ("GET /chat HTTP/1.1", "Sec-WebSocket-Version", "13, 8", 426),
      ("GET /chat HTTP/1.1", "Sec-WebSocket-Key", nil, 400), ("GET /chat HTTP/1.1", "Sec-WebSocket-Key", "", 400),
      ("GET /chat HTTP/1.1", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=", 400),
      ("GET /chat HTTP/1.1", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQAA", 400),
      ("GET /chat HTTP/1.1", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZ*==", 400),
      ("GET /chat HTTP/1.1", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZSEhISE=", 400),
      ("GET /chat HTTP/1.1", "Content-Length", "5", 400), ("GET /chat HTTP/1.1", "Sec-WebSocket-Protocol", "a b", 400),
    ] as [(String, String, String?, Int)])
  func isJudged(_ startLine: String, _ name: String, _ value: String?, _ expected: Int) {
    #expect(status(Self.request(startLine, [(name, value)])) == expected)
  }

  @Test func refusalsSayWhatWouldDo() {
    guard case .refuse(426, let headers, _) = answer(Self.request("GET / HTTP/1.1", [("Sec-WebSocket-Version", "8")])),
      case .refuse(405, let allow, _) = answer(Self.request("PUT / HTTP/1.1"))
    else {
      Issue.record("not refused")
      return
    }
    #expect(headers.first { $0.isNamed("Sec-WebSocket-Version") }?.value == "13")
    #expect(headers.first { $0.isNamed("Upgrade") }?.value == "websocket")
    #expect(allow.first { $0.isNamed("Allow") }?.value == "GET")
  }
}

@Suite struct ClientHandshakeTests {
  static let handshake = ClientHandshake(
    host: "server.example.com", target: "/chat?a=b", headers: [HeaderField("Origin", "null")].compactMap { $0 },
    subprotocols: ["chat", "superchat"], nonce: Array("the sample nonce".utf8))

  static let reply =
    "HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\nCONNECTION: upgrade\r\n"
    + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"

  private func check(_ text: String) -> ClientHandshake.Answer {
    Array(text.utf8).withUnsafeBytes { Self.handshake.check($0) }
  }

  @Test func theServerAcceptsTheRequestAndTheClientTheAnswer() {
    var isWritten = false
    let request = appended { isWritten = Self.handshake.appendRequest(to: &$0) }
    guard case .complete(let head, let length) = request.withUnsafeBytes({ RequestHead.parse($0) }),
      case .accept(let upgrade) = ServerHandshake.answer(head)
    else {
      Issue.record("refused")
      return
    }
    #expect(
      isWritten && length == request.count && head.path == "/chat" && head.query("a") == "b"
        && head.header("Origin") == "null")
    #expect(head.header("Sec-WebSocket-Key") == "dGhlIHNhbXBsZSBub25jZQ==")
    let reply = appended { $0.appendSwitchingProtocols(upgrade, subprotocol: "superchat") }
    guard case .accepted(let count, "superchat") = reply.withUnsafeBytes({ Self.handshake.check($0) })
    else {
      Issue.record("not accepted")
      return
    }
    #expect(count == reply.count)
  }

  @Test func isIncompleteAtEveryEarlierByte() {
    let text = Self.reply + "\r\n"
    for count in 0..<text.utf8.count {
      guard case .incomplete = check(String(decoding: text.utf8.prefix(count), as: UTF8.self)) else {
        Issue.record("decided after \(count) bytes")
        return
      }
    }
    guard case .accepted(let length, nil) = check(text + "\u{1}") else {
      Issue.record("not accepted")
      return
    }
    #expect(length == text.utf8.count)
  }

  @Test(arguments: [
    reply.replacing("WebSocket\r\nC", with: "h2c\r\nC"), reply.replacing("upgrade: WebSocket\r\n", with: ""),
    reply.replacing("CONNECTION: upgrade", with: "Connection: close"), reply.replacing("s3pP", with: "S3pP"),
    reply + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", reply + "Sec-WebSocket-Protocol: other\r\n",
    reply + "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: chat\r\n",
    reply + "Sec-WebSocket-Extensions: permessage-deflate\r\n", reply.replacing("1.1 101", with: "2.0 101"),
  ])
  func isAViolation(_ text: String) {
    guard case .violation = check(text + "\r\n") else {
      Issue.record("let through")
      return
    }
  }

  @Test func aRefusalKeepsItsBody() {
    guard case .refused(let head, let body) = check("HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nno") else {
      Issue.record("not refused")
      return
    }
    #expect(head.status == 403 && head.contentLength == 4 && body == Array("no".utf8))
  }

  @Test func whatCouldInjectIsNotWritten() {
    for (host, target, subprotocol) in [("a\r\n", "/", "x"), ("a", "/ b", "x"), ("a", "/", "x\r\ny")] {
      let handshake = ClientHandshake(
        host: host, target: target, subprotocols: [subprotocol], nonce: Array(repeating: 0, count: 16))
      var isWritten = true
      #expect(appended { isWritten = handshake.appendRequest(to: &$0) }.isEmpty)
      #expect(!isWritten)
    }
  }
}
