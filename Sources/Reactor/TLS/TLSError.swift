import CCrypto

/// Certificates that cannot be used: what is wrong, and what to do.
public struct TLSError: Error, Equatable, Sendable, CustomStringConvertible {
  public let description: String
  /// Of the certificate that is meant, among those that were given.
  public let position: Int?

  init(_ description: String, at position: Int? = nil) {
    self.description = description
    self.position = position
  }
}

/// What OpenSSL has to say.
enum OpenSSLError {
  /// Takes the first error that waits, and forgets the others; 0 for none.
  static func take() -> UInt {
    defer { ERR_clear_error() }
    return ERR_get_error()
  }

  static func text(of code: UInt) -> String {
    // A text of the library's own, which lives as long as the program.
    guard code != 0, let text = unsafe ERR_reason_error_string(code) else { return "no reason given" }
    return unsafe String(cString: text)
  }
}
