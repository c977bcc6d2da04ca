import Glibc
import Testing

@testable import Reactor

/// A process that takes over: here a shell that does what it is told.
@Suite struct SuccessorTests {
  /// Starts a shell with these sockets and waits for news.
  private func news(
    _ script: String, sockets: [(number: Int32, name: String)] = []
  ) throws -> (Successor.News, String) {
    let program = Program(path: "/bin/sh", arguments: ["sh", "-c", script])
    var successor = try Successor(program, sockets: sockets)
    for _ in 0..<1000 {
      let news = successor.look()
      if news != .none { return (news, successor.said) }
      usleep(10_000)
    }
    return (.none, successor.said)
  }

  @Test func oneThatServes() throws {
    let (told, said) = try news("echo well >&2; echo ready >&${LOBBYIST_HANDOVER%%:*}; exec sleep 60")
    #expect(told == .ready && said == "well\n")
  }

  @Test(arguments: [("exit 3", ChildProcess.End.exited(3)), ("kill -9 $$", .killed(signal: 9))])
  func oneThatEnds(_ script: String, _ end: ChildProcess.End) throws {
    let (told, said) = try news("echo why >&2; \(script)")
    #expect(told == .ended(end) && said == "why\n")
  }

  @Test func oneThatSaysSoAndEnds() throws {
    let (told, _) = try news("echo ready >&${LOBBYIST_HANDOVER%%:*}; exit 0")
    // Whether it is seen in between or not, it may end at any time after that.
    #expect(told == .ready || told == .ended(.exited(0)))
  }

  @Test func socketsStandFromThreeOnWhateverTheirNumbersWere() throws {
    let one = try Listener(on: "127.0.0.1:0")
    let other = try Listener(on: "127.0.0.1:0")
    let sockets = [(other.descriptor.number, "other"), (one.descriptor.number, "one")]
    let (_, said) = try news(
      "readlink /proc/self/fd/3 /proc/self/fd/4 >&2; echo $LISTEN_FDS $LISTEN_FDNAMES ${LISTEN_PID-none} >&2; exit 0",
      sockets: sockets)
    let links = sockets.map { FileSystem.target(ofLink: "/proc/self/fd/\($0.0)") ?? "" }
    #expect(said == "\(links[0])\n\(links[1])\n2 other:one none\n")
  }

  @Test func theEndOfAVoiceIsBounded() throws {
    let (told, said) = try news("yes | head -c 20000 >&2; exit 1")
    #expect(told == .ended(.exited(1)) && said.utf8.count == 4096)
  }

  @Test func whatIsNotThereIsRefusedAtOnce() throws {
    let program = Program(path: "/nonexistent/program", arguments: ["program"])
    #expect(throws: SystemError.self) { _ = try Successor(program, sockets: []) }
  }
}
