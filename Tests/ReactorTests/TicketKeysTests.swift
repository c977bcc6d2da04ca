import CCrypto
import Testing

@testable import Reactor

@Suite struct TicketKeysTests {
  private final class Watch { var seconds: UInt64 = 1000 }

  /// What a session hands to the keys.
  private final class Tools {
    let cipher = EVP_CIPHER_CTX_new()!
    let mac: OpaquePointer
    let algorithm = EVP_MAC_fetch(nil, "HMAC", nil)!
    var name = [UInt8](repeating: 0, count: 16)
    var vector = [UInt8](repeating: 0, count: 16)

    init() { mac = EVP_MAC_CTX_new(algorithm)! }

    deinit {
      EVP_CIPHER_CTX_free(cipher)
      EVP_MAC_CTX_free(mac)
      EVP_MAC_free(algorithm)
    }

    func seal(_ keys: TicketKeys) -> Bool { keys.seal(&name, &vector, cipher, mac) }
    func open(_ keys: TicketKeys) -> TicketKeys.Found { keys.open(&name, &vector, cipher, mac) }
  }

  private static let hour: UInt64 = 3600

  @Test func aTicketIsGoodForAWhileAndRenewed() {
    let watch = Watch()
    let keys = TicketKeys { watch.seconds }
    let tools = Tools()
    #expect(tools.seal(keys))
    #expect(tools.open(keys) == .current)
    watch.seconds += 11 * Self.hour
    #expect(tools.open(keys) == .current)
    watch.seconds += 2 * Self.hour
    #expect(tools.open(keys) == .former)
    watch.seconds += 12 * Self.hour
    #expect(tools.open(keys) == .unknown)
  }

  @Test func aKeyThatNobodyAskedForIsForgotten() {
    let watch = Watch()
    let keys = TicketKeys { watch.seconds }
    let tools = Tools()
    #expect(tools.seal(keys))
    watch.seconds += 100 * Self.hour
    #expect(tools.open(keys) == .unknown)
    #expect(tools.seal(keys))
    #expect(tools.open(keys) == .current)
  }

  @Test func newTicketsHaveNewNamesAfterRotationAndNewVectorsAlways() {
    let watch = Watch()
    let keys = TicketKeys { watch.seconds }
    let (first, second) = (Tools(), Tools())
    #expect(first.seal(keys) && second.seal(keys))
    #expect(first.name == second.name)
    #expect(first.vector != second.vector)
    watch.seconds += 12 * Self.hour
    #expect(second.seal(keys))
    #expect(first.name != second.name)
  }

  @Test func anotherProcessesTicketIsUnknown() {
    let tools = Tools()
    #expect(tools.seal(TicketKeys()))
    #expect(tools.open(TicketKeys()) == .unknown)
  }
}
