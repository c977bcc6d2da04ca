import Testing

@testable import Bench

/// Loads nothing.
private final class NoPolicy: LocalPolicy {
  final class Peer: LocalClient {
    func send(_ text: String) {}
    func receive() throws(BenchError) -> String { throw .server("nobody is there") }
    func say(_ text: String, times: Int) {}
  }

  init(script: String, plugins: [String], settings: [String]) throws(BenchError) { throw .server("no policies here") }

  func connect(_ target: String) throws(BenchError) -> Peer { Peer() }
}

@Suite struct BenchOptionsTests {
  @Test func theDefaultsAreThoseOfTheHelp() throws {
    let options = try BenchOptions.parse([])
    #expect(options == BenchOptions())
    #expect(options.pairs == 8)
    #expect(options.messageBytes == [200, 2500])
    #expect(options.inFlight == [1, 16])
    #expect(Part.allCases.allSatisfy(options.wants))
    for words in ["(\(options.pairs))", "(1.5)", "(0.3)", "(\(options.rounds))", "(200,2500)", "(\(options.idle))"] {
      #expect(BenchOptions.helpText.contains(words), "\(words)")
    }
    for part in Part.allCases { #expect(BenchOptions.helpText.contains("  \(part.rawValue)  ")) }
  }

  @Test func partsAreChosen() throws {
    let options = try BenchOptions.parse(["--only", "hooks,idle"])
    #expect(Part.allCases.filter(options.wants) == [.hooks, .idle])
  }

  @Test func theServersProtocolIsNamed() throws {
    let options = try BenchOptions.parse(["ws://127.0.0.1:80", "--protocol", "singo"])
    guard case .pairs(let signaling) = try options.workload() else { throw BenchError.server("an echo") }
    #expect(signaling.name == "singo")
  }

  @Test func pluginsComeWithTheirSettings() throws {
    let options = try BenchOptions.parse([
      "--plugin", "a/one.lua", "--plugin", "two.lua", "--set", "one.x=1", "--set", "two.y=2",
    ])
    #expect(options.plugins.names == ["one", "two"])
    let first = options.plugins.prefix(1)
    #expect(first == PluginChain(files: ["a/one.lua"], settings: ["one.x=1"]))
    #expect(first.arguments == ["--plugin", "a/one.lua", "--set", "one.x=1"])
    #expect(options.plugins.prefix(0) == .none)
  }

  @Test func everyOptionIsTaken() throws {
    let options = try BenchOptions.parse([
      "ws://127.0.0.2:9080/godot", "--pid", "42", "--echo", "--pairs", "3", "--bytes", "100,300", "--in-flight", "4",
      "--seconds", "0.5", "--warm-up", "0", "--rounds", "2", "--idle", "8", "--joined", "50", "--no-node",
      "--node-server", "x.js", "--json", "--peers", "6",
    ])
    #expect(options.target == Target(address: 0x7F00_0002, port: 9080, path: "/godot"))
    #expect(options.pid == 42 && options.isEcho && options.pairs == 3)
    #expect(options.messageBytes == [100, 300] && options.inFlight == [4])
    #expect(options.seconds == 0.5 && options.warmUpSeconds == 0 && options.rounds == 2)
    #expect(options.idle == 8 && options.joinedPercent == 50 && !options.withNode && options.json)
    #expect(options.nodeServer == "x.js" && options.peers == 6 && options.reloadSeconds == 4)
  }

  @Test func quickYieldsToWhatIsSaid() throws {
    #expect(try BenchOptions.parse(["--seconds", "2", "--quick"]).seconds == 2)
    #expect(try BenchOptions.parse(["--quick"]).rounds == 1)
  }

  @Test func wordsBehindTheDashesGoToTheRelay() throws {
    #expect(try BenchOptions.parse(["--json", "--", "--script", "a.lua"]).serveArguments == ["--script", "a.lua"])
  }

  @Test(arguments: [
    ["--pairs"], ["--pairs", "0"], ["--pairs", "x"], ["--bytes", "200,"], ["--bytes", "10"], ["--in-flight", "0"],
    ["--seconds", "-1"], ["--seconds", "nan"], ["--joined", "101"], ["--wat", "1"], ["--pid", "1"], ["--echo"],
    ["http://127.0.0.1:1"], ["ws://example.org:1"], ["ws://1.2.3:1"], ["ws://1.2.3.256:1"], ["ws://1.2.3.4:99999"],
    ["ws://127.0.0.1:1", "ws://127.0.0.1:2"], ["ws://127.0.0.1:1", "--", "--script"],
    ["--only", "rely"], ["--only", ""], ["--only", "idle,"], ["--peers", "-2"],
    ["ws://127.0.0.1:1", "--only", "relay"],
    ["--protocol", "singo"], ["ws://127.0.0.1:1", "--protocol", "x"], ["--set", "one.x=1"],
    ["--plugin", "one.lua", "--set", "two.x=1"], ["ws://127.0.0.1:1", "--plugin", "one.lua"],
    ["ws://127.0.0.1:1", "--echo", "--protocol", "unity"],
  ])
  func wrongArgumentsAreUsageErrors(arguments: [String]) {
    do {
      _ = try BenchOptions.parse(arguments)
      Issue.record("\(arguments) were accepted")
    } catch {
      #expect(error.exitCode == 2, "\(error)")
    }
  }

  @Test func aFailureIsNotAUsageError() {
    #expect(BenchError.server("x").exitCode == 1)
    #expect(BenchCommand.run(["--pairs", "none"], policies: NoPolicy.self) == 2)
    #expect(BenchCommand.run(["ws://127.0.0.1:1", "--quick"], policies: NoPolicy.self) == 1)
    #expect(BenchCommand.run(["--only", "hooks"], policies: NoPolicy.self) == 1)
  }

  @Test func thePortIsReadFromWhatAServerSays() {
    #expect(listeningPort(in: "listening on ws://127.0.0.1:4711\n") == 4711)
    #expect(listeningPort(in: "12:30:01 info Listening on ws://127.0.0.1:4711/ godot\n") == 4711)
    #expect(listeningPort(in: "admin listening on 127.0.0.1:9\nlistening on 127.0.0.1:4711\n") == 4711)
    #expect(listeningPort(in: "listening on ws://127.0.0.1:47") == nil)
    #expect(listeningPort(in: "starting on :80\n") == nil)
  }
}
