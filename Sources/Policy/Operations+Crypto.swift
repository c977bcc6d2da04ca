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
