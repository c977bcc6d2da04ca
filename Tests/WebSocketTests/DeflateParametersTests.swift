import Testing
import WebSocket

@Suite struct DeflateParametersTests {
  private static let plain = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

  /// What the header answers with; nil when nothing is agreed.
  private func answer(_ header: String) -> String? {
    DeflateParameters(answering: header.split(separator: ",").map(String.init))?.text
  }

  private static func window(_ bits: Int) -> String { "; server_max_window_bits=\(bits)" }

  private static let both =
    "permessage-deflate; client_max_window_bits; server_max_window_bits=10, permessage-deflate; client_max_window_bits"

  /// The first three are the offers of RFC 7692 §7.1.3.
  private static let good: [(String, String)] = [
    ("permessage-deflate", plain),
    ("permessage-deflate; client_max_window_bits; server_max_window_bits=10", plain + window(10)),
    (both, plain + window(10)),
    ("permessage-deflate; client_max_window_bits", plain),
    ("permessage-deflate; client_max_window_bits=8", plain),
    ("permessage-deflate;server_no_context_takeover;client_no_context_takeover", plain),
    ("permessage-deflate; server_max_window_bits=9", plain + window(9)),
    ("permessage-deflate; server_max_window_bits=15", plain + window(15)),
    ("permessage-deflate \t;\tserver_max_window_bits = \"12\" ", plain + window(12)),
    ("x-webkit-deflate-frame, permessage-deflate", plain),
    // zlib cannot do with 8: the next one is taken.
    ("permessage-deflate; server_max_window_bits=8, permessage-deflate", plain),
    ("permessage-deflate; unknown, permessage-deflate; server_max_window_bits=11", plain + window(11)),
  ]

  @Test(arguments: good)
  func whatCanBeDoneIsAgreed(_ header: String, _ expected: String) { #expect(answer(header) == expected) }

  @Test(arguments: [
    "", "permessage-bzip2", "permessage-deflate-2", "Permessage-Deflate", "permessage", "; permessage-deflate",
    "permessage-deflate;", "permessage-deflate;;", "permessage-deflate; =", "permessage-deflate; unknown",
    "permessage-deflate; server_no_context_takeover=1", "permessage-deflate; client_no_context_takeover=\"\"",
    "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
    "permessage-deflate; client_max_window_bits; client_max_window_bits=10",
    "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10",
    "permessage-deflate; server_max_window_bits", "permessage-deflate; server_max_window_bits=",
    "permessage-deflate; server_max_window_bits=8", "permessage-deflate; server_max_window_bits=7",
    "permessage-deflate; server_max_window_bits=16", "permessage-deflate; server_max_window_bits=09",
    "permessage-deflate; server_max_window_bits=+9", "permessage-deflate; server_max_window_bits=1O",
    "permessage-deflate; server_max_window_bits=\"10", "permessage-deflate; server_max_window_bits=\"\"",
    "permessage-deflate; server_max_window_bits=99999999999999999999",
    "permessage-deflate; client_max_window_bits=", "permessage-deflate; client_max_window_bits=7",
    "permessage-deflate; client_max_window_bits=010", "permessage-deflate server_no_context_takeover",
  ])
  func whatIsWrongIsDeclined(_ header: String) { #expect(answer(header) == nil) }

  @Test func theWindowIsKnown() throws {
    #expect(DeflateParameters(answering: ["permessage-deflate"])?.serverWindowBits == 15)
    #expect(DeflateParameters(answering: ["permessage-deflate; server_max_window_bits=9"])?.serverWindowBits == 9)
  }
}
