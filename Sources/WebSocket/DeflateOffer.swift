/// One `permessage-deflate` of a client (RFC 7692 §7.1). What it allows and this relay does anyway is only checked.
struct DeflateOffer: Equatable {
  /// 8 to 15; nil when the client does not mind.
  private(set) var serverMaxWindowBits: UInt8?

  /// `text` is one element of `Sec-WebSocket-Extensions`. A value in quotes is a token too (RFC 6455 §9.1): in a good
  /// header no comma and no semicolon stands inside of one.
  ///
  /// Nil for another extension, and for an offer with a parameter that is unknown, repeated or has a wrong value
  /// (RFC 7692 §7).
  init?(_ text: String) {
    var parts = text.split(separator: ";", omittingEmptySubsequences: false).map(Self.trimmed)
    guard parts.removeFirst() == "permessage-deflate" else { return nil }
    var seen: Set<Substring> = []
    for part in parts {
      let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(Self.trimmed)
      let (name, value) = (pair[0], pair.count > 1 ? pair[1] : nil)
      guard seen.insert(name).inserted, take(name, value) else { return nil }
    }
  }

  private mutating func take(_ name: Substring, _ value: Substring?) -> Bool {
    switch (name, value) {
    case ("server_no_context_takeover", nil), ("client_no_context_takeover", nil): return true
    // Whatever a client's window is, ours is as large (RFC 7692 §7.1.2.2).
    case ("client_max_window_bits", nil): return true
    case ("client_max_window_bits", let value?): return Self.windowBits(value) != nil
    case ("server_max_window_bits", let value?):
      serverMaxWindowBits = Self.windowBits(value)
      return serverMaxWindowBits != nil
    default: return false
    }
  }

  /// 8 to 15 without a leading zero, which may be in quotes (RFC 7692 §7.1.2.1, RFC 6455 §9.1).
  private static func windowBits(_ text: Substring) -> UInt8? {
    var digits = text
    if digits.utf8.count > 2, digits.hasPrefix("\""), digits.hasSuffix("\"") { digits = digits.dropFirst().dropLast() }
    return (8...15).first { String($0) == digits }
  }

  /// Without spaces and tabs at either end.
  private static func trimmed(_ text: Substring) -> Substring {
    guard let first = text.firstIndex(where: { !isBlank($0) }), let last = text.lastIndex(where: { !isBlank($0) })
    else { return "" }
    return text[first...last]
  }

  private static func isBlank(_ character: Character) -> Bool { character == " " || character == "\t" }
}
