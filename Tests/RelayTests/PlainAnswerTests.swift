import HTTP
import Policy
import Testing

@testable import Relay

@Suite struct PlainAnswerTests {
  private struct Unreadable: Error { let start: String }

  private func mount(_ source: String) throws -> Mount {
    try Mount(
      scripts: Scripts(policy: Script(path: "test.lua", source: Array(source.utf8))), outbox: Outbox(),
      read: { _ in nil },
      report: { _ in })
  }

  private func head(_ start: String) throws -> RequestHead {
    let text = Array("\(start) HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8)
    guard case .complete(let head, _) = text.withUnsafeBytes({ RequestHead.parse($0) }) else {
      throw Unreadable(start: start)
    }
    return head
  }

  @Test(arguments: [
    ("GET /", 200), ("HEAD /", 200), ("GET /?x=1", 200), ("GET /nothing", 404), ("HEAD /nothing", 404), ("POST /", 405),
    ("DELETE /nothing", 405), ("OPTIONS *", 405),
  ])
  func aPolicyWithoutAnAnswerLeavesItToTheRelay(_ start: String, _ status: Int) throws {
    let answer = PlainAnswer.make(for: try head(start), mount: try mount("return {}"), address: "192.0.2.1")
    #expect(answer.status == status)
    #expect(!answer.body.isEmpty)
    #expect(answer.headers.contains { $0.isNamed("Content-Type") && $0.value.hasPrefix("text/plain") })
    #expect(answer.headers.contains { $0.isNamed("Allow") && $0.value == "GET, HEAD" } == (status == 405))
  }

  @Test func theFirstPageSaysWhatThisIs() throws {
    let answer = PlainAnswer.make(for: try head("GET /"), mount: try mount("return {}"), address: "192.0.2.1")
    #expect(String(decoding: answer.body, as: UTF8.self).contains("Lobbyist"))
  }

  @Test func aPolicysAnswerComesFirst() throws {
    let policy = try mount(
      """
      local policy = {}
      function policy.on_request(request)
        request:answer(201, request:method() .. " " .. request:path() .. " from " .. request:address())
      end
      return policy
      """)
    let answer = PlainAnswer.make(for: try head("POST /health"), mount: policy, address: "192.0.2.1")
    #expect(answer.status == 201)
    #expect(String(decoding: answer.body, as: UTF8.self) == "POST /health from 192.0.2.1")
  }

  @Test func aPolicyThatHasNothingToSayLeavesItToTheRelay() throws {
    let policy = try mount("return { on_request = function() end }")
    #expect(PlainAnswer.make(for: try head("GET /"), mount: policy, address: "192.0.2.1").status == 200)
  }

  @Test func aPolicyThatFailsIsAnErrorOfTheServer() throws {
    let policy = try mount("return { on_request = function() error('no') end }")
    let answer = PlainAnswer.make(for: try head("GET /"), mount: policy, address: "192.0.2.1")
    #expect(answer.status == 500)
    #expect(!String(decoding: answer.body, as: UTF8.self).contains("test.lua"))
  }
}
