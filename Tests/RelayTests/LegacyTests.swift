import Reactor
import Testing

@testable import Relay

/// What one relay leaves to the next.
@Suite struct LegacyTests {
  private func ban(_ text: String, _ milliseconds: UInt64) throws -> Legacy.Ban {
    (try #require(Bans.network(parsing: text)), milliseconds)
  }

  @Test func isReadAsItWasWritten() throws {
    let bans = [try ban("203.0.113.7", 600_000), try ban("2001:db8::1", 0), try ban("::/64", Bans.millisecondsMax)]
    for level in Log.Level.allCases + [nil] {
      for count in 0...bans.count {
        let written = Legacy(level: level, bans: bans.prefix(count))
        let found = try #require(Legacy(parsing: written.bytes))
        #expect(found.level == level && found.bans.map(\.network) == bans.prefix(count).map(\.network))
        #expect(found.bans.map(\.milliseconds) == bans.prefix(count).map(\.milliseconds))
      }
    }
    #expect(
      String(decoding: Legacy(level: .debug, bans: bans).bytes, as: UTF8.self) == """
        lobbyist legacy 1
        level debug
        ban 203.0.113.7 600000
        ban 2001:db8::/64 0
        ban ::/64 31622400000
        end

        """)
  }

  @Test(arguments: [
    "", "\n", "end\n", "lobbyist legacy 1\n", "lobbyist legacy 1\nend", "lobbyist legacy 2\nend\n",
    "lobbyist legacy 1\n\nend\n", "lobbyist legacy 1\nend\nend\n", "lobbyist legacy 1\nlevel\nend\n",
    "lobbyist legacy 1\nlevel loud\nend\n", "lobbyist legacy 1\nlevel info\nlevel info\nend\n",
    "lobbyist legacy 1\nban 203.0.113.7 1\nlevel info\nend\n", "lobbyist legacy 1\nban 203.0.113.7\nend\n",
    "lobbyist legacy 1\nban 203.0.113.7  1\nend\n", "lobbyist legacy 1\nban 203.0.113.7 1 \nend\n",
    "lobbyist legacy 1\nban 203.0.113.7 -1\nend\n", "lobbyist legacy 1\nban 203.0.113.7 +1\nend\n",
    "lobbyist legacy 1\nban 2001:DB8::/64 1\nend\n", "lobbyist legacy 1\nban 203.0.113.7 31622400001\nend\n",
    "lobbyist legacy 1\nban 203.0.113.7 99999999999999999999\nend\n", "lobbyist legacy 1\nban example.org 1\nend\n",
    "lobbyist legacy 1\nunban 203.0.113.7 1\nend\n", "lobbyist legacy 1\r\nend\r\n",
  ])
  func nonsenseIsRefused(_ text: String) { #expect(Legacy(parsing: Array(text.utf8)) == nil) }

  @Test func halfOfItIsRefused() throws {
    let whole = Legacy(level: .error, bans: [try ban("203.0.113.7", 12), try ban("2001:db8::1", 34)]).bytes
    for count in whole.indices { #expect(Legacy(parsing: Array(whole.prefix(count))) == nil) }
  }

  /// Whatever the bytes are: it is refused, or reads as itself.
  @Test func garbageIsRefused() throws {
    var generator = SystemRandomNumberGenerator()
    let whole = Legacy(level: .error, bans: [try ban("203.0.113.7", 12), try ban("2001:db8::1", 34)]).bytes
    for _ in 0..<5000 {
      var bytes = whole
      for _ in 0...Int.random(in: 0..<3) {
        bytes[Int.random(in: bytes.indices)] = UInt8.random(in: 0...255, using: &generator)
      }
      guard let found = Legacy(parsing: bytes) else { continue }
      #expect(found.bytes == bytes)
    }
  }
}
