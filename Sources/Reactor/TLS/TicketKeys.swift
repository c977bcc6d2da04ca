import CCrypto
import Glibc

/// The keys of the tickets with which a client resumes a session (RFC 5077; RFC 8446 §4.6.1). Nothing is kept for one
/// that may come again. They outlive the certificates, and are known to no other process.
///
/// A key seals tickets for some hours; those that it has sealed are good for as long again.
final class TicketKeys {
  static let rotationSeconds: UInt64 = 12 * 3600

  /// As a ticket names it, and for AES-256 and HMAC.
  private struct Key {
    let name: [UInt8]
    var cipher: [UInt8]
    var mac: [UInt8]
    let madeAt: UInt64
  }

  enum Found: Int32 {
    case unknown = 0
    case current = 1
    /// It may be used; the client gets another ticket.
    case former = 2
  }

  private var current: Key
  private var former: Key?
  private let seconds: () -> UInt64

  init(seconds: @escaping () -> UInt64 = { Clock.milliseconds / 1000 }) {
    self.seconds = seconds
    current = Self.make(at: seconds())
  }

  private static func make(at now: UInt64) -> Key {
    Key(name: random(16), cipher: random(32), mac: random(32), madeAt: now)
  }

  private static func random(_ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    // As many as there is room for.
    let answer = unsafe RAND_bytes(&bytes, Int32(count))
    precondition(answer == 1, "the system gives no random numbers")
    return bytes
  }

  private func rotate() {
    let now = seconds()
    if now >= current.madeAt + Self.rotationSeconds {
      // One that has not been asked for in two such times seals nothing that is still good.
      former = now < current.madeAt + 2 * Self.rotationSeconds ? current : nil
      current = Self.make(at: now)
    }
    if let old = former, now >= old.madeAt + 2 * Self.rotationSeconds { former = nil }
  }

  /// Makes cipher and MAC ready for a new ticket, and writes the key's name and a new vector; false when that fails.
  func seal(
    _ name: UnsafeMutablePointer<UInt8>, _ vector: UnsafeMutablePointer<UInt8>, _ cipher: OpaquePointer,
    _ mac: OpaquePointer
  ) -> Bool {
    rotate()
    // SSL_CTX_set_tlsext_ticket_key_evp_cb(3): 16 bytes of name, room for EVP_MAX_IV_LENGTH bytes of vector.
    unsafe name.update(from: current.name, count: 16)
    guard unsafe RAND_bytes(vector, 16) == 1 else { return false }
    guard unsafe EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), nil, &current.cipher, vector) == 1 else { return false }
    return unsafe lobbyist_begin_ticket_mac(mac, &current.mac, 32) == 1
  }

  /// Makes them ready to open a ticket that a client has brought.
  func open(
    _ name: UnsafePointer<UInt8>, _ vector: UnsafePointer<UInt8>, _ cipher: OpaquePointer, _ mac: OpaquePointer
  ) -> Found {
    rotate()
    let wanted = unsafe UnsafeBufferPointer(start: name, count: 16)
    var (key, found) = (current, Found.current)
    if unsafe !current.name.elementsEqual(wanted) {
      guard let former, unsafe former.name.elementsEqual(wanted) else { return .unknown }
      (key, found) = (former, .former)
    }
    guard unsafe EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nil, &key.cipher, vector) == 1 else { return .unknown }
    return unsafe lobbyist_begin_ticket_mac(mac, &key.mac, 32) == 1 ? found : .unknown
  }
}
