import Glibc
import HTTP
import Policy
import Testing

@testable import Relay

@Suite struct StaticFolderTests {
  /// A folder of its own for each test, with a page, a file below it and some that nobody may see.
  private final class Site {
    let root: String
    var folder: String { root + "/site" }

    init() throws {
      var template = Array("/tmp/lobbyist-static-XXXXXX".utf8CString)
      _ = template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress!) }
      root = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
      for each in ["", "/site", "/site/art", "/site/.git", "/sitemap"] { mkdir(root + each, 0o700) }
      for (name, text) in [
        ("/site/index.html", "<h1>Hello</h1>"), ("/site/art/a b.svg", "<svg/>"), ("/site/art/index.html", "art"),
        ("/site/.git/config", "secret"), ("/site/lobbyist.lua", "secret"), ("/secret.txt", "secret"),
        ("/sitemap/secret.txt", "secret"), ("/site/empty.js", ""), ("/site/raw", "\u{0}"),
      ] { try write(name, text) }
      symlink(root + "/secret.txt", folder + "/link.txt")
      symlink(root + "/sitemap", folder + "/map")
      symlink(folder + "/index.html", folder + "/inside.html")
      mkfifo(folder + "/pipe", 0o600)
    }

    func write(_ name: String, _ text: String) throws {
      let file = try #require(fopen(root + name, "w"))
      fputs(text, file)
      if text == "\u{0}" { fputc(0, file) }
      fclose(file)
    }

    deinit { system("rm -rf \(root)") }
  }

  private func head(_ start: String, _ fields: String = "") throws -> RequestHead {
    let text = Array("\(start) HTTP/1.1\r\nHost: localhost\r\n\(fields)\r\n".utf8)
    guard case .complete(let head, _) = text.withUnsafeBytes({ RequestHead.parse($0) }) else {
      throw POSIXFailure()
    }
    return head
  }

  private struct POSIXFailure: Error {}

  private func ask(_ site: Site, _ start: String, _ fields: String = "", at paths: [String] = ["/"]) throws
    -> RequestAnswer
  {
    let policy = try Mount(
      scripts: Scripts(policy: Script(path: "test.lua", source: Array("return {}".utf8))), outbox: Outbox(),
      read: { _ in nil }, report: { _ in })
    let route = Route(paths: paths, pages: StaticFolder(site.folder))
    return PlainAnswer.make(for: try head(start, fields), mount: policy, at: route, address: "192.0.2.1")
  }

  private func text(_ answer: RequestAnswer, _ name: String) -> String? {
    answer.headers.first { $0.isNamed(name) }?.value
  }

  @Test(arguments: [
    ("/", "<h1>Hello</h1>", "text/html; charset=utf-8"), ("/index.html", "<h1>Hello</h1>", "text/html; charset=utf-8"),
    ("/?a=1", "<h1>Hello</h1>", "text/html; charset=utf-8"), ("/art/a%20b.svg", "<svg/>", "image/svg+xml"),
    ("/art/", "art", "text/html; charset=utf-8"), ("/empty.js", "", "text/javascript; charset=utf-8"),
    ("/inside.html", "<h1>Hello</h1>", "text/html; charset=utf-8"), ("/raw", "\u{0}", "application/octet-stream"),
  ])
  func showsWhatIsThere(_ path: String, _ body: String, _ type: String) throws {
    let answer = try ask(try Site(), "GET \(path)")
    #expect(answer.status == 200 && String(decoding: answer.body, as: UTF8.self) == body)
    #expect(text(answer, "Content-Type") == type && text(answer, "X-Content-Type-Options") == "nosniff")
  }

  @Test(arguments: [
    "/nothing", "/secret.txt", "/../secret.txt", "/%2e%2e/secret.txt", "/art/../../secret.txt", "/.git/config",
    "/%2egit/config", "/link.txt", "/map/secret.txt", "/pipe", "/lobbyist.lua", "/LOBBYIST.LUA", "//index.html",
    "/art//index.html", "/index.html/", "/..%5csecret.txt", "/%00", "/index.html%00.js", "/sitemap/secret.txt",
  ])
  func showsNothingElse(_ path: String) throws {
    let answer = try? ask(try Site(), "GET \(path)")
    // Where the parser refuses the path, the relay has answered 400 already.
    #expect(answer == nil || answer?.status == 404)
    #expect(answer.map { !String(decoding: $0.body, as: UTF8.self).contains("secret") } ?? true)
  }

  @Test func aFolderIsAskedForWithItsSlash() throws {
    let answer = try ask(try Site(), "GET /art?x=1")
    #expect(answer.status == 308 && text(answer, "Location") == "/art/?x=1")
  }

  @Test func itLiesBelowTheMountsPath() throws {
    let site = try Site()
    #expect(try ask(site, "GET /game/art/", at: ["/game"]).body == Array("art".utf8))
    #expect(try ask(site, "GET /game/", at: ["/game"]).status == 200)
    #expect(text(try ask(site, "GET /game", at: ["/game"]), "Location") == "/game/")
  }

  @Test func whatTheBrowserHasIsNotSentAgain() throws {
    let site = try Site()
    let tag = try #require(text(try ask(site, "GET /"), "ETag"))
    let again = try ask(site, "GET /", "If-None-Match: \(tag)\r\n")
    #expect(again.status == 304 && again.body.isEmpty)
    try site.write("/site/index.html", "<h1>Changed</h1>")
    let changed = try ask(site, "GET /", "If-None-Match: \(tag)\r\n")
    #expect(changed.status == 200 && changed.body == Array("<h1>Changed</h1>".utf8))
  }

  @Test func aPolicysAnswerGoesFirstAndOtherMethodsHaveNone() throws {
    let site = try Site()
    #expect(try ask(site, "POST /").status == 405)
    #expect(try ask(site, "HEAD /").status == 200)
    #expect(StaticFolder(site.folder + "/index.html") == nil && StaticFolder(site.root + "/gone") == nil)
  }
}
