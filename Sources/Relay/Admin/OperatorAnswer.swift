import HTTP
import Policy

/// What an operator is answered, as JSON.
public struct OperatorAnswer: Error, Sendable {
  public let status: Int
  /// The body.
  let bytes: [UInt8]
  /// Beside those that every answer has.
  var headers: [HeaderField] = []

  /// - Parameter json: a JSON text and a line feed.
  public init(_ status: Int, _ json: String) {
    self.status = status
    bytes = Array(json.utf8)
  }

  init(_ status: Int, _ json: JSON) {
    self.status = status
    bytes = json.bytes + [0x0A]
  }

  /// Something that cannot be done, for people.
  public init(_ status: Int, error: String) { self.init(status, .object([("error", .text(error))])) }

  var isSuccess: Bool { status == 200 }

  /// Nobody keeps it, guesses another type for it, or shows it in a page of another origin (Fetch §3.7).
  var response: RequestAnswer {
    RequestAnswer(
      status: status, headers: Self.fields(type: "application/json") + headers, body: bytes)
  }

  /// Text in place of JSON: what monitoring programs read.
  static func text(_ status: Int, _ text: String, type: String = "text/plain; charset=utf-8") -> RequestAnswer {
    RequestAnswer(status: status, headers: fields(type: type), body: Array(text.utf8))
  }

  private static func fields(type: String) -> [HeaderField] {
    let fields = [
      ("Content-Type", type), ("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"),
      ("Cross-Origin-Resource-Policy", "same-origin"),
    ]
    return fields.compactMap { HeaderField($0.0, $0.1) }
  }
}
