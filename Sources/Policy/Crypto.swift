import CCrypto

/// Hashes, by libcrypto.
enum Crypto {
  enum Digest {
    case sha1
    case sha256
  }

  static func sha256(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: 32)
    let done = unsafe EVP_Digest(bytes.baseAddress, bytes.count, &digest, nil, EVP_sha256(), nil)
    precondition(done == 1, "libcrypto has no SHA-256")
    return digest
  }

  /// RFC 2104.
  static func hmac(_ kind: Digest, key: UnsafeRawBufferPointer, _ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    let algorithm = unsafe kind == .sha1 ? EVP_sha1() : EVP_sha256()
    var digest = [UInt8](repeating: 0, count: kind == .sha1 ? 20 : 32)
    // libcrypto refuses a null key, even an empty one.
    let done = unsafe withUnsafeBytes(of: UInt8(0)) { empty in
      let text = unsafe (bytes.baseAddress ?? empty.baseAddress)?.assumingMemoryBound(to: UInt8.self)
      return unsafe HMAC(
        algorithm, key.baseAddress ?? empty.baseAddress, Int32(key.count), text, bytes.count, &digest, nil) != nil
    }
    precondition(done, "libcrypto has no HMAC")
    return digest
  }
}
