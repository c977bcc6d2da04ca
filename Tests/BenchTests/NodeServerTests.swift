import Glibc
import Testing

@testable import Bench

private let nodeServer: [String]? = {
  var options = BenchOptions()
  options.nodeServer =
    #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined() + "/benchmarks/node-godot/server.js"
  return access("\(Programs.nodeModules)/ws/package.json", R_OK) == 0 ? Programs.find(options).node : nil
}()

/// The relay workload against the Node peer, where Node and Debian's `node-ws` are installed.
@Suite(.serialized, .enabled(if: nodeServer != nil)) struct NodeServerTests {
  private func start() throws -> ServerProcess {
    try ServerProcess(try #require(nodeServer), environment: Programs.nodeEnvironment)
  }

  @Test(arguments: [(200, 1), (2500, 16)])
  func pairsPassTheirBunches(bytes: Int, balls: Int) throws {
    let node = try start()
    let seats = try Workload.pairs(Godot()).seats(.local(port: node.port), pairs: 2, messageBytes: bytes)
    #expect(seats.count == 4)
    for seat in seats { #expect(seat.sends.utf8.count == bytes) }
    var generator = try LoadGenerator(seats, balls: balls)
    try generator.start()
    try generator.play(seconds: 0.2)
    #expect(generator.received > 100)
    #expect(generator.checked >= 4)
    #expect((2...UInt64(2 * balls)).contains(generator.sent - generator.received))
  }

  @Test func idleMembersJoinAndStay() throws {
    let node = try start()
    let idle = try IdleMemory.take(.local(port: node.port), pid: node.pid, connections: 42, joinedPercent: 100)
    #expect(idle.joined == 42)
    #expect(idle.dropped == 0)
    #expect(idle.residentBytesBefore > 1_000_000)
  }

  @Test func aRefusalIsReportedWithItsReason() throws {
    let node = try start()
    let target = Target.local(port: node.port)
    let refused = try Dialogue(target)
    try refused.send(#"{"type":0,"id":0,"data":"nowhere"}"#)
    #expect(throws: BenchError.server("the server closed: 4000 Lobby does not exists")) {
      try refused.receive()
    }
  }
}
