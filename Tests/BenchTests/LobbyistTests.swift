import Glibc
import Testing

@testable import Bench

/// This package's own relay, live, and what the command makes of it.
@Suite(.serialized) struct LobbyistTests {
  private static let package = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()

  /// Built into the folder of the test bundle.
  private func programs() throws -> Programs {
    var path = [CChar](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &path, path.count)
    let own = String(decoding: path[..<max(0, count)].map(UInt8.init(bitPattern:)), as: UTF8.self)
    let folders = [own.split(separator: "/").dropLast().map { "/\($0)" }.joined(), "\(Self.package)/.build/debug"]
    let lobbyist = try #require(folders.map { $0 + "/lobbyist" }.first { access($0, X_OK) == 0 })
    return Programs(executable: lobbyist)
  }

  @Test(arguments: Protocols.all.map(\.name))
  func pairsMeetAndPassTheirBunches(name: String) throws {
    let signaling = try Protocols.named(name)
    let relay = try ServerProcess(try programs().relay(signaling))
    let seats = try Workload.pairs(signaling).seats(.local(port: relay.port), pairs: 2, messageBytes: 200)
    #expect(seats.map(\.partner) == [1, 0, 3, 2])
    var generator = try LoadGenerator(seats, balls: 4)
    try generator.start()
    try generator.play(seconds: 0.1)
    #expect(generator.received > 16)
    #expect(generator.checked >= 4)
  }

  @Test func theUsualPluginsLetMessagesPass() throws {
    var chain = PluginChain.usual
    chain.files = try chain.files.map { try #require(try programs().find($0)) }
    let relay = try ServerProcess(try programs().relay(plugins: chain))
    let seats = try Workload.pairs(Godot()).seats(.local(port: relay.port), pairs: 1, messageBytes: 200)
    var generator = try LoadGenerator(seats, balls: 16)
    try generator.start()
    try generator.play(seconds: 0.2)
    #expect(generator.received > 100)
  }

  /// Runs the command and answers its output.
  private func bench(_ arguments: String) throws -> (status: Int32, output: String) {
    let path = "/tmp/lobbyist-bench-test-\(getpid())"
    defer { unlink(path) }
    let command = "'\(try programs().executable)' bench \(arguments) --quick --seconds 0.01 --warm-up 0 --bytes 200"
    let status = system("cd '\(Self.package)' && \(command) --in-flight 4 > \(path) 2>&1")
    let descriptor = open(path, O_RDONLY)
    defer { close(descriptor) }
    return (status, ProcessClock.readAll(descriptor))
  }

  @Test func hooksAreMeasuredWithoutAndWithPlugins() throws {
    let (status, output) = try bench("--only hooks")
    #expect(status == 0, "\(output)")
    let rows = output.split(separator: "\n").filter { $0.hasPrefix("|") }.dropFirst(2)
    #expect(rows.count == 4 + Protocols.all.count - 1, "\(output)")
    #expect(output.contains("| rate_limit, screen, tally |"))
    #expect(rows.last?.hasPrefix("| singo, 200 B") == true)
  }

  @Test func partsAreRunAlone() throws {
    let (status, output) = try bench("--only plugins,protocols")
    #expect(status == 0, "\(output)")
    for name in ["floor", "gamejam", "unity", "broadcast", "singo"] {
      #expect(output.contains("| 200 B, 4 in flight | \(name) "), "\(output)")
    }
    #expect(output.contains("us per plugin"))
    #expect(!output.contains("| relay") && !output.contains("idle members") && !output.contains("ns/msg"))
  }

  @Test func versionsChangeUnderLoad() throws {
    let (status, output) = try bench("--only reload --peers 40 --rounds 20")
    #expect(status == 0, "\(output)")
    #expect(output.contains("| 40    | 8       |"), "\(output)")
    #expect(output.contains("| loading a version"), "\(output)")
  }

  @Test func aMissingPluginIsReported() throws {
    let (status, output) = try bench("--only plugins --plugin nowhere.lua")
    #expect(status != 0)
    #expect(output.contains("there is no plugin nowhere.lua"), "\(output)")
  }
}
