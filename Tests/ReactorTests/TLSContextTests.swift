import Testing

@testable import Reactor

@Suite struct TLSContextTests {
  private static let one = TestCertificate.one
  private static let two = TestCertificate.two

  private func refusal(_ certificates: [TLSCertificate]) -> TLSError? {
    do throws(TLSError) {
      _ = try TLSContext(serving: certificates)
      return nil
    } catch {
      return error
    }
  }

  private func certificate(_ chain: String, _ key: String, keyName: String = "k") -> TLSCertificate {
    TLSCertificate(name: "c", chain: Array(chain.utf8), keyName: keyName, key: Array(key.utf8))
  }

  @Test func whatIsServedIsTold() throws {
    let context = try TLSContext(serving: [Self.one, Self.two])
    #expect(context.served.map(\.name) == ["one.pem", "two.pem"])
    #expect(context.served[1].dnsNames == ["two.test", "*.two.test"])
    let now = Clock.wallSeconds
    #expect(!context.served[0].isExpired(at: now))
    #expect(context.served[0].isExpired(at: now + 101 * 365 * 86_400))
    #expect((36_000...36_500).contains(context.served[0].daysLeft(at: context.served[0].expires - 36_500 * 86_400 + 9)))
  }

  @Test func aChainAndAKeyMayStandInOneFile() throws {
    let all = TestCertificate.oneKey + "text in between\n" + TestCertificate.oneChain + TestCertificate.twoChain
    #expect(refusal([certificate(all, all, keyName: "c")]) == nil)
  }

  @Test func wrongFilesAreRefusedInWords() {
    let (chain, key) = (TestCertificate.oneChain, TestCertificate.oneKey)
    let table: [(TLSCertificate, String)] = [
      (certificate("", key), "c is empty"),
      (certificate(chain, ""), "k is empty"),
      (certificate("hello", key), "c holds no certificate"),
      (certificate(key, key), "c holds no certificate"),
      (certificate(String(chain.prefix(200)), key), "c holds a certificate that is broken"),
      (certificate(chain + String(chain.prefix(200)), key), "c holds a certificate that is broken"),
      (certificate(chain, chain), "k holds no private key"),
      (certificate(chain, chain, keyName: "c"), "c holds no private key: name the file that does"),
      (certificate(chain, String(key.prefix(100))), "k holds a private key that is broken"),
      (certificate(chain, TestCertificate.twoKey), "the key in k does not belong to the certificate in c"),
    ]
    for (wrong, expected) in table {
      let told = refusal([Self.one, wrong])
      #expect(told?.description.hasPrefix(expected) == true, "\(told?.description ?? "nothing")")
      #expect(told?.position == 1)
    }
  }

  @Test func certificatesAreFoundByTheirNames() {
    var names = ServerNames()
    names.add(["a.test", "*.b.test", "*.test"], at: 0)
    names.add(["A.test", "c.b.test", "*.B.test", "b.test"], at: 1)
    let table: [(String, [Int])] = [
      ("a.test", [0, 1]), ("A.TEST", [0, 1]), ("c.b.test", [1]), ("d.b.test", [0, 1]), ("b.test", [1]),
      ("x.test", [0]), ("x.y.test", []), ("test", []), (".test", []), ("*.b.test", [0, 1]), ("", []),
      ("x.d.b.test", []), ("a.test.", []),
    ]
    for (name, positions) in table { #expect(names.find(name) == positions, "\(name)") }
  }

  @Test func anAddressForTLSIsToldByItsScheme() throws {
    #expect(try ListenAddress(parsing: "tls://127.0.0.1:9443").isEncrypted)
    #expect(try ListenAddress(parsing: "tls://127.0.0.1:9443").address.description == "127.0.0.1:9443")
    #expect(try ListenAddress(parsing: "tls://:9443").bothFamilies)
    #expect(try ListenAddress(parsing: "tls://[::1]:9443").description == "tls://[::1]:9443")
    #expect(try !ListenAddress(parsing: ":9443").isEncrypted)
    for text in ["tls://", "tls:/127.0.0.1:1", "TLS://:1", "wss://:1", "tls://tls://:1"] {
      #expect(throws: SystemError.self) { try ListenAddress(parsing: text) }
    }
  }
}
