import CCrypto

/// The two keys of the opening handshake (RFC 6455 §4.1, §4.2.2).
enum AcceptKey {
  /// Base64 of the SHA-1 of the client's key and RFC 6455's own identifier.
  static func answer(to key: String) -> String {
    let text = [UInt8](key.utf8) + [UInt8]("258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8)
    var digest = [UInt8](repeating: 0, count: 20)
    let done = unsafe EVP_Digest(text, text.count, &digest, nil, EVP_sha1(), nil)
    precondition(done == 1, "libcrypto has no SHA-1")
    return base64(digest)
  }

  static func base64(_ bytes: [UInt8]) -> String {
    // EVP_EncodeBlock ends its text with a NUL.
    var text = [UInt8](repeating: 0, count: (bytes.count + 2) / 3 * 4 + 1)
    let count = unsafe EVP_EncodeBlock(&text, bytes, Int32(bytes.count))
    return String(decoding: text.prefix(Int(count)), as: UTF8.self)
  }

  /// Whether `key` is base64 of 16 bytes: 22 digits, of which the last ends in four spare bits, and two
  /// signs of padding.
  static func isNonce(_ key: String) -> Bool {
    key.utf8.count == 24 && key.hasSuffix("==")
      && key.utf8.dropLast(2).allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
          true
        default: false
        }
      }
  }
}
