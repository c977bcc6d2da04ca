import Glibc
import Testing

@testable import Reactor

@Suite struct AddressTests {
  @Test(arguments: [
    ("203.0.113.7", "203.0.113.7"),
    ("0.0.0.0", "0.0.0.0"),
    ("255.255.255.255", "255.255.255.255"),
    ("::", "::"),
    ("::1", "::1"),
    ("2001:db8::1", "2001:db8::1"),
    ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"),
    ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
    ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
    ("fe80::1:2:3", "fe80::1:2:3"),
    ("::ffff:203.0.113.7", "203.0.113.7"),
    ("::ffff:cb00:7107", "203.0.113.7"),
    ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
  ])
  func hostReadsAndPrints(_ text: String, _ printed: String) throws {
    let host = try #require(HostAddress(parsing: text))
    #expect(host.description == printed)
    #expect(HostAddress(parsing: printed) == host)
  }

  @Test(arguments: [
    "", " ", "localhost", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.4 ", " 1.2.3.4", "[::1]", ":::",
    "1::2::3", "12345::", "g::1", "1.2.3.4\0", "::1%lo", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1.2.3.4:80",
  ])
  func hostRefuses(_ text: String) {
    #expect(HostAddress(parsing: text) == nil)
  }

  @Test func bytesAreInNetworkOrder() throws {
    let host = try #require(HostAddress(parsing: "0102:0304:0506:0708:090a:0b0c:0d0e:0f10"))
    #expect(host.high == 0x0102_0304_0506_0708)
    #expect(host.low == 0x090a_0b0c_0d0e_0f10)
    #expect(HostAddress(parsing: "1.2.3.4")?.ipv4 == 0x0102_0304)
    #expect(host.ipv4 == nil)
  }

  @Test func bothFormsOfAnIPv4AddressAreOneKey() {
    #expect(Set([HostAddress(parsing: "192.0.2.1"), HostAddress(parsing: "::ffff:192.0.2.1")]).count == 1)
  }

  @Test(arguments: [
    ("192.0.2.1", "192.0.2.1"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"), ("::1", "::"),
  ])
  func network(_ text: String, _ network: String) {
    #expect(HostAddress(parsing: text)?.network.description == network)
  }

  @Test(arguments: [
    ("127.0.0.1", true), ("127.9.9.9", true), ("::1", true), ("::ffff:127.0.0.1", true), ("128.0.0.1", false),
    ("::", false), ("::2", false), ("7f00::1", false),
  ])
  func loopback(_ text: String, _ expected: Bool) {
    #expect(HostAddress(parsing: text)?.isLoopback == expected)
  }

  @Test(arguments: [
    "203.0.113.7:9080", "[2001:db8::1]:9080", "[::]:0", "0.0.0.0:65535",
  ])
  func socketAddressReadsAndPrints(_ text: String) throws {
    #expect(try #require(SocketAddress(parsing: text)).description == text)
  }

  @Test(arguments: [
    "", ":", "1.2.3.4", "1.2.3.4:", "1.2.3.4:65536", "1.2.3.4:-1", "1.2.3.4:+1", "1.2.3.4: 1", "1.2.3.4:1x", "::1:80",
    "[::1]", "[::1]:", "[::1:80", "::1]:80", "[1.2.3.4]:80", "[]:80", ":80", "localhost:80",
  ])
  func socketAddressRefuses(_ text: String) {
    #expect(SocketAddress(parsing: text) == nil)
  }

  @Test(arguments: ["203.0.113.7:9080", "[2001:db8::1]:443"])
  func kernelFormBothWaysAndCutAtEveryByte(_ text: String) throws {
    let address = try #require(SocketAddress(parsing: text))
    var bytes: [UInt8] = []
    _ = address.withKernelForm { form, length in
      bytes = Array(UnsafeRawBufferPointer(start: form, count: Int(length)))
      return 0
    }
    #expect(bytes.withUnsafeBytes { SocketAddress(kernelForm: $0) } == address)
    for length in 0..<bytes.count {
      #expect(bytes[..<length].withUnsafeBytes { SocketAddress(kernelForm: $0) } == nil)
    }
  }

  @Test func kernelFormOfAnotherFamilyIsNil() {
    var path = sockaddr_un()
    path.sun_family = sa_family_t(AF_UNIX)
    #expect(withUnsafeBytes(of: &path) { SocketAddress(kernelForm: $0) } == nil)
  }

  @Test(arguments: [
    (":9080", "[::]:9080", true), ("9080", "[::]:9080", true), ("0.0.0.0:9080", "0.0.0.0:9080", false),
    ("[::]:9080", "[::]:9080", false), ("localhost:9080", "127.0.0.1:9080", false),
    ("192.0.2.1:0", "192.0.2.1:0", false),
  ])
  func listenAddressReads(_ text: String, _ address: String, _ bothFamilies: Bool) throws {
    let listen = try ListenAddress(parsing: text)
    #expect(listen.address.description == address)
    #expect(listen.bothFamilies == bothFamilies)
    #expect(listen.description == text)
  }

  @Test(arguments: [
    "", ":", "localhost", "localhost:", "0.0.0.0", "example.com:80", ":65536", "::", ":::80", "[::]", "a:b:c", "*:80",
  ])
  func listenAddressRefuses(_ text: String) {
    #expect {
      try ListenAddress(parsing: text)
    } throws: { error in
      (error as? SystemError)?.description
        == "cannot listen on '\(text)': write an address and a port, such as 0.0.0.0:9080, [::]:9080 or :9080"
    }
  }

  @Test func resolve() throws {
    let port: UInt16 = 9080
    #expect(try SocketAddress.resolve("192.0.2.1", port: port).map(\.description) == ["192.0.2.1:9080"])
    #expect(try SocketAddress.resolve("::1", port: port).map(\.description) == ["[::1]:9080"])
    let local = try SocketAddress.resolve("localhost", port: port)
    #expect(!local.isEmpty)
    #expect(local.allSatisfy { $0.host.isLoopback && $0.port == port })
  }
}
