import Glibc
import Reactor
import Testing

@testable import Relay

@Suite struct ConnectionTableTests {
  /// A connection over one end of a pair; the other end tells when it is closed.
  private func connection(_ table: inout ConnectionTable, over end: Int32? = nil) throws -> Connection {
    let number = end ?? socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    try #require(number >= 0)
    return Connection(
      stream: Stream(Descriptor(adopting: number)), host: .loopbackIPv4, purpose: .everyMount,
      generation: table.takeGeneration(),
      limits: RelayLimits(), deadline: 0)
  }

  @Test func aSlotIsUsedAgainItsGenerationIsNot() throws {
    var table = ConnectionTable()
    let first = try connection(&table)
    let generation = first.generation
    let slot = table.insert(first)
    let whileThere = [table.isLive(slot, generation), table.isLive(slot), table.count == 1]
    #expect(whileThere == [true, true, true])
    table.remove(slot)
    let afterwards = [table.isLive(slot, generation), table.isLive(slot), table.count == 1]
    #expect(afterwards == [false, false, false])

    let second = try connection(&table)
    let later = second.generation
    let again = table.insert(second)
    let live = [table.isLive(again, later), table.isLive(again, generation)]
    let slots = table.slotCount
    #expect(again == slot)
    #expect(live == [true, false])
    #expect(slots == 1)
  }

  @Test func slotsAndGenerationsThatNeverWereAreNotLive() throws {
    var table = ConnectionTable()
    let ofNobody = [table.isLive(0), table.isLive(0, 0), table.isLive(.max, 1)]
    #expect(ofNobody == [false, false, false])
    let slot = table.insert(try connection(&table))
    // Generation 0 means nobody, and is what a listener's deadline carries.
    let ofOthers = [table.isLive(slot, 0), table.isLive(slot + 1)]
    #expect(ofOthers == [false, false])
    table.remove(slot)
    let ofTheDead = table.isLive(slot, 0)
    #expect(!ofTheDead)
  }

  @Test func connectionsKeepTheirPlaceWhileTheTableGrows() throws {
    var table = ConnectionTable()
    var entries: [(slot: UInt32, generation: UInt32, descriptor: Int32)] = []
    for index in 0..<300 {
      let made = try connection(&table)
      let (generation, descriptor) = (made.generation, made.stream.descriptor.number)
      let slot = table.insert(made)
      table[slot].deadline = UInt64(index)
      entries.append((slot, generation, descriptor))
    }
    for (index, entry) in entries.enumerated() {
      let isLive = table.isLive(entry.slot, entry.generation)
      let (deadline, descriptor) = (table[entry.slot].deadline, table[entry.slot].stream.descriptor.number)
      #expect(isLive)
      #expect(deadline == UInt64(index))
      #expect(descriptor == entry.descriptor)
    }
    for entry in entries where entry.slot % 3 == 0 { table.remove(entry.slot) }
    for entry in entries {
      let isLive = table.isLive(entry.slot)
      #expect(isLive == (entry.slot % 3 != 0))
    }
    for _ in 0..<100 {
      let slot = table.insert(try connection(&table))
      #expect(slot % 3 == 0)
    }
    let (count, slots) = (table.count, table.slotCount)
    #expect(count == 300)
    #expect(slots == 300)
  }

  @Test func removingAndForgettingCloseTheSocket() throws {
    var ends: [Int32] = []
    defer { for end in ends { close(end) } }
    do {
      var table = ConnectionTable()
      for _ in 0..<2 {
        var pair: [Int32] = [0, 0]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0)
        ends.append(pair[0])
        _ = table.insert(try connection(&table, over: pair[1]))
      }
      #expect(ends.map(hasEnded) == [false, false])
      table.remove(0)
      #expect(ends.map(hasEnded) == [true, false])
    }
    #expect(ends.map(hasEnded) == [true, true])
  }

  private func hasEnded(_ end: Int32) -> Bool {
    var byte: UInt8 = 0
    return recv(end, &byte, 1, Int32(MSG_DONTWAIT)) == 0
  }
}
