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
      for each in ["", "/site", "/site/art", "/site/second", "/site/.git", "/sitemap"] { mkdir(root + each, 0o700) }
      for (name, text) in [
        ("/site/index.html", "<h1>Hello</h1>"), ("/site/art/a b.svg", "<svg/>"), ("/site/art/index.html", "art"),
        ("/site/.git/config", "secret"), ("/site/lobbyist.lua", "secret"), ("/secret.txt", "secret"),
        ("/sitemap/secret.txt", "secret"), ("/site/empty.js", ""), ("/site/lobbyist.lua~", "secret"),
        ("/site/lobbyist.lua.bak", "secret"), ("/site/notes~", "secret"), ("/site/raw", "\u{0}"),
      ] { try write(name, text) }
      symlink(root + "/secret.txt", folder + "/link.txt")
      symlink(root + "/sitemap", folder + "/map")
      symlink(folder + "/index.html", folder + "/inside.html")
      symlink(folder + "/.git/config", folder + "/hidden.txt")
      symlink(folder + "/lobbyist.lua", folder + "/script.txt")
      symlink(folder + "/.git", folder + "/repository")
      symlink(folder + "/index.html", folder + "/second/index.html")
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

  private struct Shown {
    let status: Int
    let headers: [HeaderField]
    let body: [UInt8]
  }

  private func ask(_ site: Site, _ start: String, _ fields: String = "", at paths: [String] = ["/"]) throws -> Shown {
    let head = try head(start, fields)
    let route = Route(paths: paths, pages: StaticFolder(site.folder))
    guard let answer = route.pages?.answer(head, path: route.rest(of: head.path)) else {
      let other = PlainAnswer.standard(for: head)
      return Shown(status: other.status, headers: other.headers, body: other.body)
    }
    var body: [UInt8] = []
    while let file = answer.file, !file.isAtEnd { body += file.next(5) }
    return Shown(status: answer.status, headers: answer.headers, body: body)
  }

  private func text(_ answer: Shown, _ name: String) -> String? {
    answer.headers.first { $0.isNamed(name) }?.value
  }

  @Test(arguments: [
    ("/", "<h1>Hello</h1>", "text/html; charset=utf-8"), ("/index.html", "<h1>Hello</h1>", "text/html; charset=utf-8"),
    ("/?a=1", "<h1>Hello</h1>", "text/html; charset=utf-8"), ("/art/a%20b.svg", "<svg/>", "image/svg+xml"),
    ("/art/", "art", "text/html; charset=utf-8"), ("/empty.js", "", "text/javascript; charset=utf-8"),
    ("/inside.html", "<h1>Hello</h1>", "text/html; charset=utf-8"), ("/raw", "\u{0}", "application/octet-stream"),
    ("/second/", "<h1>Hello</h1>", "text/html; charset=utf-8"),
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
    "/hidden.txt", "/script.txt", "/repository/config", "/lobbyist.lua~", "/lobbyist.lua.bak", "/notes~",
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
