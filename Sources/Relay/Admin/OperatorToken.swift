/// The secret by which an operator is known.
public struct OperatorToken: Equatable, Sendable {
  /// Bytes of it at the least: what is shorter can be guessed.
  public static let bytesMin = 16
  public static let bytesMax = 512

  /// Itself, for whoever asks a relay.
  public let text: String

  /// Nil unless it is made of `bytesMin` to `bytesMax` printable ASCII characters without spaces, as fit into a header
  /// (RFC 6750 §2.1 allows fewer characters).
  public init?(_ text: String) {
    guard (Self.bytesMin...Self.bytesMax).contains(text.utf8.count),
      text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
    else { return nil }
    self.text = text
  }

  /// What is said about a text that makes none.
  public static let rule =
    "is \(bytesMin) to \(bytesMax) letters, digits and signs without spaces, such as "
    + "'openssl rand -hex 32' prints"

  /// Takes as long whatever was offered, but for its length.
  func equals(_ offered: String) -> Bool {
    guard offered.utf8.count == text.utf8.count else { return false }
    var difference: UInt8 = 0
    for (own, other) in zip(text.utf8, offered.utf8) { difference |= own ^ other }
    return difference == 0
  }

  /// The token of `Authorization: Bearer TOKEN` (RFC 6750 §2.1); nil when there is none.
  static func offered(in header: String?) -> String? {
    guard let header else { return nil }
    let parts = header.split(separator: " ", maxSplits: 1)
    guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
    return String(parts[1].drop { $0 == " " })
  }
}
