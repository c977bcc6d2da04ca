import FuzzBodies
import Testing

@testable import Bytes

@Suite struct JSONSpliceFuzzTests {
  @Test func holdsForMutatedSeeds() {
    var dice = Dice(5)
    for _ in 0..<1500 {
      var text = Array(dice.object(depth: 3, members: 8).utf8)
      #expect(withExact(text, Fuzzer.splice.body) == nil)
      for _ in 0..<3 where !text.isEmpty {
        let at = Int.random(in: 0..<text.count, using: &dice)
        switch Int.random(in: 0..<4, using: &dice) {
        case 0: text[at] = UInt8.random(in: 0...0xFF, using: &dice)
        case 1: text.remove(at: at)
        case 2: text.insert(contentsOf: text[at...].prefix(9), at: at)
        default: text[at] = Array("\"\\{}[],:0".utf8).randomElement(using: &dice)!
        }
        #expect(withExact(text, Fuzzer.splice.body) == nil)
      }
    }
  }
}
