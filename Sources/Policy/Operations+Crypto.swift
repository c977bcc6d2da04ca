import CCrypto
import LuaHost

extension MountCore {
  mutating func performCrypto(_ call: Call, _ operation: lh_operation) throws(OperationError) {
    switch operation {
    case LH_OP_CRYPTO_SHA256: unsafe call.answer(copying: Crypto.sha256(call.bytes(0)), in: &results)
    case LH_OP_CRYPTO_HMAC_SHA256:
      unsafe call.answer(copying: Crypto.hmac(.sha256, key: call.bytes(0), call.bytes(1)), in: &results)
    case LH_OP_CRYPTO_HMAC_SHA1:
      unsafe call.answer(copying: Crypto.hmac(.sha1, key: call.bytes(0), call.bytes(1)), in: &results)
    case LH_OP_CRYPTO_BASE64_ENCODE:
      let forURL = unsafe call.isGiven(1) && call.bool(1)
      unsafe call.answer(copying: Base64.encode(call.array(0), forURL: forURL), in: &results)
    case LH_OP_CRYPTO_BASE64_DECODE:
      guard let bytes = unsafe Base64.decode(call.array(0)) else { return unsafe call.answerNil() }
      unsafe call.answer(copying: bytes, in: &results)
    default:
      let (one, other) = unsafe (call.bytes(0), call.bytes(1))
      unsafe call.answer(
        one.count == other.count && (one.isEmpty || CRYPTO_memcmp(one.baseAddress, other.baseAddress, one.count) == 0))
    }
  }
}

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
      unsafe HMAC(
        algorithm, key.baseAddress ?? empty.baseAddress, Int32(key.count),
        bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? empty.baseAddress?.assumingMemoryBound(to: UInt8.self),
        bytes.count, &digest, nil) != nil
    }
    precondition(done, "libcrypto has no HMAC")
    return digest
  }
}
