import Testing

@testable import Policy

@Suite struct BufferCountTests {
  @Test func theLastEighthIsForSmallOnes() {
    var buffers = BufferCount()
    buffers.most = 800_000
    buffers.bytes = 690_000
    #expect(buffers.mayGrow(from: 100_000, by: 10_000))
    #expect(!buffers.mayGrow(from: 100_000, by: 10_001))
    #expect(!buffers.mayGrow(from: 16 << 10, by: 10_001))
    #expect(buffers.mayGrow(from: (16 << 10) - 1, by: 110_000))
    #expect(!buffers.mayGrow(from: 0, by: 110_001))
    #expect(!buffers.isShort && buffers.left == 10_000)
    buffers.bytes = 700_001
    #expect(buffers.isShort && buffers.left == 1 && buffers.mayGrow(from: 0, by: 1))
  }

  /// Whatever is done to queues, the sum is that of their blocks.
  @Test func theSumIsThatOfAllQueues() {
    let outbox = Outbox()
    var random = SystemRandomNumberGenerator()
    var open: Set<UInt32> = []
    func fill(_ place: UnsafeMutableRawBufferPointer) { for index in place.indices { place[index] = 7 } }
    for _ in 0..<3000 {
      let outlet = UInt32.random(in: 0..<20, using: &random)
      if open.insert(outlet).inserted { outbox.open(outlet) }
      let count = Int.random(in: 0..<30_000, using: &random)
      switch Int.random(in: 0..<6, using: &random) {
      case 0, 1:
        for _ in 0..<3 { _ = outbox.appendFrame(to: outlet, .text, count: count, limit: 100_000, fill: fill) }
        Bool.random(using: &random) ? outbox.commit() : outbox.rollback()
      case 2: outbox.sent(outlet, count: min(count, outbox.waiting(outlet)))
      case 3: outbox.sent(outlet, count: outbox.waiting(outlet))
      case 4: outbox.withQueue(outlet) { $0.append([UInt8](repeating: 1, count: count)) }
      default:
        outbox.release(outlet)
        open.remove(outlet)
      }
      let sum = open.reduce(0) { sum, outlet in sum + outbox.withQueue(outlet) { $0.blockCount } }
      #expect(outbox.buffers.bytes == sum)
    }
    for outlet in open { outbox.release(outlet) }
    #expect(outbox.buffers.bytes == 0)
  }

  @Test func withoutMemoryAQueueDoesNotGrow() {
    let outbox = Outbox()
    outbox.buffers.most = 10_000
    outbox.open(0)
    outbox.open(1)
    func append(_ count: Int, _ outlet: UInt32) -> Outbox.AppendAnswer {
      outbox.appendFrame(to: outlet, .text, count: count, limit: 0) { for index in $0.indices { $0[index] = 7 } }
    }
    #expect(append(3000, 0) == .done)
    #expect(append(3000, 1) == .done)
    #expect(append(1000, 0) == .done)
    #expect(append(3000, 0) == .outOfBuffers)
    #expect(outbox.waiting(0) == 4008 && outbox.buffers.bytes == 8192)
  }
}
