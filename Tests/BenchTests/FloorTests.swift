import Glibc
import Testing

@testable import Bench

/// The generator and the floor, live.
@Suite(.serialized) struct FloorTests {
  /// The floor is built into the folder of the test bundle.
  private func startFloor() throws -> ServerProcess {
    var path = [CChar](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &path, path.count)
    let own = String(decoding: path[..<max(0, count)].map(UInt8.init(bitPattern:)), as: UTF8.self)
    let package = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()
    let folders = [own.split(separator: "/").dropLast().map { "/\($0)" }.joined(), "\(package)/.build/debug"]
    let floor = try #require(folders.map { $0 + "/floor" }.first { access($0, X_OK) == 0 })
    return try ServerProcess([floor, "0"])
  }

  @Test(arguments: [(200, 1), (200, 16), (2500, 16), (65_000, 16)])
  func everyMessageIsCountedOnce(bytes: Int, balls: Int) throws {
    let floor = try startFloor()
    let seats = try Workload.echo.seats(.local(port: floor.port), pairs: 3, messageBytes: bytes)
    var generator = try LoadGenerator(seats, balls: balls)
    try generator.start()
    try generator.play(seconds: 0.2)
    #expect(generator.received > 100)
    // What is not received yet is in flight: never more than every bunch, and at least one ball of each.
    #expect((3...UInt64(3 * balls)).contains(generator.sent - generator.received))
    #expect(generator.latency.total == generator.received)
    #expect(generator.checked >= generator.received / 4096)
    #expect(generator.reads <= generator.received * 4 + 3)
    #expect(ProcessClock.cpuNanoseconds(floor.pid) ?? 0 > 1_000_000)
    #expect(ProcessClock.residentBytes(floor.pid) ?? 0 > 100_000)
  }

  @Test func aMeasurementOfTheFloorIsWhole() throws {
    let floor = try startFloor()
    let result = try Measurement.take(
      .echo, .local(port: floor.port), pid: floor.pid, pairs: 2, messageBytes: 200, inFlight: 4, warmUpSeconds: 0.05,
      seconds: 0.1)
    #expect(result.messages > 100)
    #expect(result.wallNanoseconds >= 100_000_000)
    #expect((result.serverMicroseconds ?? 0) > 0)
    #expect(result.latency.percentile(50) > 0)
  }

  /// The floor echoes to the sender: as a relay it lies, and the generator must notice.
  @Test func aServerThatMisdirectsIsCaught() throws {
    let floor = try startFloor()
    var seats = try Workload.echo.seats(.local(port: floor.port), pairs: 1, messageBytes: 200)
    seats[0].expects = Expectation(members: [#""id":2"#])
    var generator = try LoadGenerator(seats, balls: 1)
    try generator.start()
    #expect(throws: BenchError.self) { try generator.play(seconds: 0.2) }
  }

  @Test func aServerThatEndsIsCaught() throws {
    let floor = try startFloor()
    let seats = try Workload.echo.seats(.local(port: floor.port), pairs: 1, messageBytes: 200)
    var generator = try LoadGenerator(seats, balls: 1)
    try generator.start()
    kill(floor.pid, SIGTERM)
    #expect(throws: BenchError.self) { try generator.play(seconds: 2) }
  }

  @Test func aProgramThatDoesNotListenIsReported() {
    #expect(throws: BenchError.self) { try ServerProcess(["/bin/echo", "hello"]) }
    #expect(throws: BenchError.self) { try ServerProcess(["/nowhere/at/all"]) }
  }
}
