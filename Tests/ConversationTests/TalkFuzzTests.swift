import Testing

@testable import Conversation

@Suite struct TalkFuzzTests {
  static let seeds = [
    "# t\npolicy a\nset a = [1,2]\nlimit b = 3\nskip live \"x\"\nAna connects to /$x with header \"A: $b\"\n",
    "--- one\nAna connects\nAna >> {\"a\":$b,\"c\":[1.5e3,\"\\ud83d\\ude00\"]}\n--- two\nAna, Bob and Cid connect\n",
    "Ana connects\nAna >> text \"a $b ${c} \\x41\\u{1F600}\"\nAna << text \"a$b\\n$_\"\nAna << {\"a\":$_,...}\n",
    "Ana connects\nAna is refused 403 \"x\"\nGET /x with body {\"a\":1}\nreply 200 {\"a\":[...]}\nheader \"A: b\"\n",
    "Ana connects\nAna >> repeat 3 \"x\"\nAna << repeat 3 \"x\"\nAna closes 1000 \"b\"\nafter 10s\n... and more\n",
    "Ana connects\nAna >> {\"a\":\"b\"}\nAna << {\"a\":$a}\nexpect $a matches [A-Z^a]{1,16}\\-x{3}\nexpect $a in -1..2\n",
    "[A-Za-z0-9]{16}", "{\"a\":[1,-2.5e-3,true,null,{\"\\u0000\":\"é\"}]}",
  ]

  @Test func seedsAndTheirPrefixesAreRead() {
    for seed in TalkFuzzTests.seeds {
      let bytes = Array(seed.utf8)
      for length in 0...bytes.count { bytes[..<length].withUnsafeBytes { fuzzTalk($0) } }
    }
  }

  @Test func mutatedSeedsAreRead() {
    var random = SplitMix(state: 20_261_121)
    let alphabet = Array("\n\"$_{}[],:.\\-0123456789 aA#<>xe\u{0}\u{ff}".utf8) + [0xFF, 0xED, 0xA0]
    for _ in 0..<6_000 {
      var bytes = Array(TalkFuzzTests.seeds.randomElement(using: &random)!.utf8)
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[place] = alphabet.randomElement(using: &random)!
        case 1: bytes.insert(alphabet.randomElement(using: &random)!, at: place)
        case 2 where bytes.count > 2: bytes.remove(at: place)
        default: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 12)], at: place)
        }
      }
      bytes.withUnsafeBytes { fuzzTalk($0) }
    }
  }
}

/// A generator with a seed, so that a failure can be repeated.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
