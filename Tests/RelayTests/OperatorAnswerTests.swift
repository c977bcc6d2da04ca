import HTTP
import Policy
import Testing

@testable import Relay

@Suite struct OperatorAnswerTests {
  private func text(_ json: JSON) -> String { String(decoding: json.bytes, as: UTF8.self) }

  @Test func jsonIsWritten() {
    #expect(text(.object([("a", 1), ("b", nil), ("c", .null), ("d", true)])) == #"{"a":1,"c":null,"d":true}"#)
    #expect(text(.list([.texts(["x", "\"\n"]), .list([]), .object([])])) == #"[["x","\"\n"],[],{}]"#)
    #expect(text(.text([0x61, 0xFF])) == "\"a\u{FFFD}\"")
    #expect(text(.count(UInt64.max)) == "\(Int.max)")
  }

  @Test(arguments: [
    (0, "0"), (1.5, "1.5"), (2, "2"), (0.0004, "0"), (0.0005, "0.001"), (-1.25, "-1.25"),
    (1_778_000_000.1234, "1778000000.123"), (Double.infinity, "null"), (Double.nan, "null"),
  ])
  func numbersAreWritten(_ number: Double, _ expected: String) { #expect(text(.number(number)) == expected) }

  @Test func membersAreTakenByName() throws {
    let body = Array(#"{"peer":"\u0031.2","code":4000}"#.utf8)
    let members = try RequestMembers(body, names: ["peer", "code", "reason"])
    let (peer, code) = (try members.text("peer"), try members.integer("code", in: 1...5000))
    let reason = try members.text("reason")
    #expect(peer == "1.2" && code == 4000 && reason == nil)
  }

  @Test(arguments: [
    "", "[]", "{", "1", #"{"peer":"a","peer":"b"}"#, #"{"pear":"a"}"#, #"{"peer":{"a":1}}"#, "{\"peer\":\"\u{1}\"}",
  ])
  func otherBodiesAreRefused(_ body: String) {
    let error = #expect(throws: OperatorAnswer.self) {
      _ = try RequestMembers(Array(body.utf8), names: ["peer"])
    }
    #expect(error?.status == 400)
  }

  @Test func membersOfAnotherKindAreRefused() {
    for body in [#"{"a":1,"b":"x"}"#, #"{"a":"\ud800","b":6}"#, #"{"a":null,"b":1.0e99}"#] {
      #expect(throws: OperatorAnswer.self) {
        let members = try RequestMembers(Array(body.utf8), names: ["a", "b"])
        _ = try members.text("a")
      }
      #expect(throws: OperatorAnswer.self) {
        let members = try RequestMembers(Array(body.utf8), names: ["a", "b"])
        _ = try members.integer("b", in: 1...5)
      }
    }
  }

  @Test func readinessIsTold() {
    #expect(Readiness.ready.response.status == 200)
    let response = Readiness.notReady("draining").response
    #expect(response.status == 503 && response.body == Array("draining\n".utf8))
  }

  @Test func noRouteIsThereTwice() {
    let names = OperatorRoute.table.map { "\($0.method) \($0.path)" }
    #expect(Set(names).count == names.count)
  }

  /// A counter that is added to the relay's and forgotten here would be counted for nobody.
  @Test func everyCounterIsTold() {
    let counters = RelayCounters()
    #expect(Mirror(reflecting: counters).children.count == counters.named.count)
    #expect(Set(counters.named.map(\.0)).count == counters.named.count)
  }

  @Test func metricsAreWritten() {
    var page = MetricsText()
    page.add("a_total", .counter, "Help.", [.init([("l", "\\ \" \n é")], 1), .init([], 2)])
    page.add("none", .gauge, "Nothing.", [])
    page.add("b", .gauge, "More.", [.init(seconds: 0.5)])
    #expect(
      page.text == """
        # HELP a_total Help.
        # TYPE a_total counter
        a_total{l="\\\\ \\" \\n é"} 1
        a_total 2
        # HELP b More.
        # TYPE b gauge
        b 0.5

        """)
  }

  /// A line feed, a quote or a backslash that makes one character with what is beside it ends no line either.
  @Test func labelsAreEscapedByScalar() {
    var page = MetricsText()
    page.add("a", .gauge, "Help.", [.init([("l", "\r\n\"\u{301}\\\u{301}")], 1)])
    #expect(page.text.hasSuffix("a{l=\"\r\\n\\\"\u{301}\\\\\u{301}\"} 1\n"))
  }

  @Test func histogramsAddUp() {
    var durations = DurationHistogram()
    durations.note(nanoseconds: 1500)
    durations.note(nanoseconds: 2_000_000_000)
    var page = MetricsText()
    page.add("t_seconds", "Time.", [([("mount", "/")], durations)])
    let lines = page.text.split(separator: "\n")
    #expect(lines[0...1] == ["# HELP t_seconds Time.", "# TYPE t_seconds histogram"])
    #expect(lines[2] == #"t_seconds_bucket{mount="/",le="1e-06"} 0"#)
    #expect(lines[3] == #"t_seconds_bucket{mount="/",le="2e-06"} 1"#)
    #expect(lines[20] == #"t_seconds_bucket{mount="/",le="1.0"} 1"#)
    #expect(lines[21] == #"t_seconds_bucket{mount="/",le="+Inf"} 2"#)
    #expect(lines[22...] == [#"t_seconds_sum{mount="/"} 2.0000015"#, #"t_seconds_count{mount="/"} 2"#])
  }
}
