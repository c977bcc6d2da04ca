import Bytes
import HTTP
import Testing

/// What `body` appends to an empty queue, as text.
func written(_ body: (inout ByteQueue) -> Void) -> String {
  var queue = ByteQueue()
  body(&queue)
  return queue.withBytes { String(decoding: $0, as: UTF8.self) }
}

@Suite struct ResponseTests {
  @Test(arguments: [
    ("A\r\n", "b"), ("A", "b\r\nC: d"), ("A", "b\n"), ("A", "\u{0}"), ("", "b"), ("A:", "b"), ("A b", "c"),
  ])
  func aFieldThatCouldInjectIsRefused(_ name: String, _ value: String) {
    #expect(HeaderField(name, value) == nil)
  }

  @Test func aResponseHasItsLengthAndCloses() throws {
    let type = try #require(HeaderField("Content-Type", "text/plain"))
    let length = try #require(HeaderField("content-length", "99"))
    let text = written { $0.appendResponse(status: 404, headers: [type, length], body: "nö") }
    #expect(
      text == "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 3\r\nConnection: close\r\n\r\nnö")
  }

  @Test func aResponseToHeadAndABodilessOneHaveNoBody() {
    let head = written { $0.appendResponse(status: 200, body: "abc", keepsAlive: true, omitsBody: true) }
    #expect(head == "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n")
    let none = written { $0.appendResponse(status: 204, body: "abc", keepsAlive: true) }
    #expect(none == "HTTP/1.1 204 No Content\r\n\r\n")
  }

  @Test func anUpgradeIsListedAsAConnectionOption() throws {
    let upgrade = try #require(HeaderField("Upgrade", "websocket"))
    let text = written { $0.appendResponse(status: 426, headers: [upgrade]) }
    #expect(text.contains("\r\nConnection: Upgrade, close\r\n"))
  }

  @Test func aWrittenRequestReadsTheSame() throws {
    var isWritten = false
    let text = written { isWritten = $0.appendRequest(method: "POST", target: "/x?y", host: "h:1", body: [1, 2]) }
    let (head, _, length) = parse(text)
    #expect(isWritten && length == text.utf8.count - 2)
    #expect(head?.body == .length(2) && head?.target == "/x?y" && head?.header("Host") == "h:1")
  }

  @Test(arguments: [
    ("GET", "/ x", "h"), ("GET", "/\r\n", "h"), ("G T", "/", "h"), ("GET", "", "h"), ("GET", "/", "h\r\nA: b"),
    ("GET", "/", ""),
  ])
  func aRequestThatCouldInjectIsNotWritten(_ method: String, _ target: String, _ host: String) {
    var isWritten = true
    #expect(written { isWritten = $0.appendRequest(method: method, target: target, host: host) }.isEmpty)
    #expect(!isWritten)
  }

  @Test(arguments: [
    ("HTTP/1.1 200 OK\r\n\r\n", 200), ("HTTP/1.0 404\r\n\r\n", 404), ("HTTP/1.1 101 \r\nA: b\r\n\r\n", 101),
    ("HTTP/1.1 200 OK\r\n", 0), ("HTTP/2.0 200 OK\r\n\r\n", -1), ("HTTP/1.1 20 OK\r\n\r\n", -1),
    ("HTTP/1.1 2000 OK\r\n\r\n", -1), ("HTTP/1.1 099 OK\r\n\r\n", -1), ("HTTP/1.1  200 OK\r\n\r\n", -1),
    ("HTTP/1.1 200 OK\r\nA\r\n\r\n", -1), ("HTTP/1.1 200 OK\n\n", -1), ("SSH-2.0-OpenSSH\r\n\r\n", -1),
  ])
  func readsStatusLines(_ text: String, _ expected: Int) {
    let found =
      switch Array(text.utf8).withUnsafeBytes({ ResponseHead.parse($0) }) {
      case .incomplete: 0
      case .complete(let head, _): head.status
      case .failure: -1
      }
    #expect(found == expected)
  }
}
