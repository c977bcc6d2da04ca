import HTTP
import Testing

/// What parsing `text` gives: the head, or the status it fails with, or nil for incomplete.
func parse(_ text: String, limits: HeadLimits = HeadLimits()) -> (head: RequestHead?, status: Int?, length: Int) {
  parse(Array(text.utf8), limits: limits)
}

func parse(_ bytes: [UInt8], limits: HeadLimits = HeadLimits()) -> (head: RequestHead?, status: Int?, length: Int) {
  switch bytes.withUnsafeBytes({ RequestHead.parse($0, limits: limits) }) {
  case .incomplete: (nil, nil, 0)
  case .complete(let head, let length): (head, nil, length)
  case .failure(let status, _): (nil, status, 0)
  }
}

@Suite struct RequestHeadTests {
  static let request =
    "GET /a%20b/%C3%BC?x=1+2&name=Ana%20B&flag&x=9&bad=%zz HTTP/1.1\r\nHost: here:9080\r\n"
    + "connection:keep-alive , Upgrade\r\nX-Empty:\r\nCONNECTION: \t Other\t \r\n\r\n"

  @Test func readsAllParts() throws {
    let (head, _, length) = parse(Self.request + "behind")
    let found = try #require(head)
    #expect(length == Self.request.utf8.count)
    #expect(found.method == "GET" && found.minorVersion == 1 && found.body == .none && found.keepsAlive)
    #expect(found.target.hasPrefix("/a%20b/%C3%BC?x=1"))
    #expect(found.path == "/a b/ü")
    #expect(found.query("x") == "1 2" && found.query("name") == "Ana B" && found.query("flag") == "")
    #expect(found.query("bad") == "%zz" && found.query("absent") == nil && found.queryItems.count == 5)
    #expect(found.headers.map(\.name) == ["Host", "connection", "X-Empty", "CONNECTION"])
    #expect(found.header("host") == "here:9080" && found.header("x-empty") == "" && found.header("y") == nil)
    #expect(found.list("Connection") == ["keep-alive", "Upgrade", "Other"])
    #expect(found.lists("connection", "upgrade") && !found.lists("connection", "up"))
  }

  @Test func isIncompleteAtEveryEarlierByte() {
    let bytes = Array(Self.request.utf8)
    for count in 0..<bytes.count {
      let (head, status, _) = parse(Array(bytes[..<count]))
      #expect(head == nil && status == nil, "\(count) bytes")
    }
  }

  /// Requests that are refused, and how.
  @Test(arguments: [
    ("GET / HTTP/1.1\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
    ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400), ("GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400),
    ("GET /\r\n\r\n", 400), ("G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400), (" / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400), ("GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("GET /#f HTTP/1.1\r\nHost: a\r\n\r\n", 400), ("GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("GET /%2 HTTP/1.1\r\nHost: a\r\n\r\n", 400), ("GET /%ff HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ("GET / http/1.1\r\nHost: a\r\n\r\n", 400), ("GET / HTTP/11\r\nHost: a\r\n\r\n", 400),
    ("GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400), ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
    ("GET / HTTP/0.9\r\nHost: a\r\n\r\n", 505), ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    ("GET / HTTP/1.1\nHost: a\n\n", 400), ("GET / HTTP/1.1\r\nHost: a\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: a\u{0}\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: a\r\nb\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", 400), ("\r\n\r\n", 400), ("\u{16}\u{3}\u{1}", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    ("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
  ])
  func isRefused(_ text: String, _ status: Int) {
    #expect(parse(text).status == status)
  }

  @Test(arguments: [
    ("GET / HTTP/1.0\r\n\r\n", "/", RequestHead.Body.none, false),
    ("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "/", .none, true),
    ("GET / HTTP/1.1\r\nHost:\r\nConnection: x, close\r\n\r\n", "/", .none, false),
    ("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "/", .none, true),
    ("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "*", .none, true),
    ("GET http://a:1/b?c HTTP/1.1\r\nHost: a\r\n\r\n", "/b", .none, true),
    ("GET HTTP://a?c HTTP/1.1\r\nHost: a\r\n\r\n", "/", .none, true),
    ("GET /ü HTTP/1.1\r\nHost: a\r\n\r\n", "/ü", .none, true),
    ("POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\n", "/p", .length(12), true),
    ("POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n", "/p", .chunked, true),
  ])
  func isAccepted(_ text: String, _ path: String, _ body: RequestHead.Body, _ keepsAlive: Bool) throws {
    let (head, status, length) = parse(text)
    let found = try #require(head, "\(status ?? 0)")
    #expect(found.path == path && found.body == body && found.keepsAlive == keepsAlive)
    #expect(length == text.utf8.count)
  }

  @Test func limitsAreExact() {
    let text = "GET / HTTP/1.1\r\nHost: a\r\nB: c\r\n\r\n"
    let count = text.utf8.count
    #expect(parse(text, limits: HeadLimits(headBytesMax: count, fieldsMax: 2)).head != nil)
    #expect(parse(text, limits: HeadLimits(headBytesMax: count - 1, fieldsMax: 2)).status == 431)
    #expect(parse(text, limits: HeadLimits(headBytesMax: count, fieldsMax: 1)).status == 431)
    let endless = String(repeating: "a", count: 100)
    #expect(parse(endless, limits: HeadLimits(headBytesMax: 101)).status == nil)
    #expect(parse(endless, limits: HeadLimits(headBytesMax: 100)).status == 431)
  }

  @Test func aCombiningMarkHidesNoDelimiter() throws {
    let (head, _, _) = parse("GET /\u{301}a?\u{301}b=\u{301}c&\u{301}d HTTP/1.1\r\nHost: a\r\n\r\n")
    let found = try #require(head)
    #expect(found.path.utf8.elementsEqual("/\u{301}a".utf8))
    #expect(found.query("\u{301}b") == "\u{301}c" && found.query("\u{301}d") == "")
  }

  @Test func aTargetThatIsNotUTF8IsRefused() {
    #expect(parse(Array("GET /".utf8) + [0xFF] + Array(" HTTP/1.1\r\nHost: a\r\n\r\n".utf8)).status == 400)
  }
}
