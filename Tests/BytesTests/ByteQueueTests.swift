import Testing

@testable import Bytes

@Suite struct ByteQueueTests {
  /// Appends more than it takes away, through all sizes of blocks, and looks whether all is there in order.
  @Test(arguments: [1, 700, 4096, 70_000]) func nothingIsLostAsItGrows(piece: Int) {
    ByteQueue.keepLargeBlocksApart()
    var queue = ByteQueue()
    var (appended, taken) = (0, 0)
    while queue.count < 300_000 {
      let bytes = (appended..<appended + 3 * piece).map { UInt8(truncatingIfNeeded: $0 &* 31 / 7) }
      queue.append(bytes)
      appended += bytes.count
      queue.removeFirst(piece)
      taken += piece
    }
    let waiting = queue.withBytes { bytes in unsafe Array(bytes) }
    #expect(waiting == (taken..<appended).map { UInt8(truncatingIfNeeded: $0 &* 31 / 7) })
    #expect(queue.blockCount >= waiting.count && queue.blockCount < waiting.count * 2 + 3 * piece + 70_000)
    queue.removeFirst(queue.count)
    #expect(queue.blockCount == 0)
  }
}
