import Testing

@testable import Bench

@Suite struct IdleMemoryTests {
  @Test func moreConnectionsThanFilesAreRefusedBeforehand() {
    #expect(throws: BenchError.self) { try IdleMemory.check(connections: 1_000_000_000) }
    #expect(throws: Never.self) { try IdleMemory.check(connections: 10) }
  }
}
