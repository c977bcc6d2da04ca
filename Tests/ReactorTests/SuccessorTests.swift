import Glibc
import Testing

@testable import Reactor

/// A process that takes over: here a shell that does what it is told.
@Suite struct SuccessorTests {
  /// Starts a shell with these sockets, in place of a successor's parent, and waits for news.
  private func news(
    _ script: String, sockets: [(number: Int32, name: String)] = []
  ) throws -> (Successor.News, String) {
    let program = Program(path: "/bin/sh", arguments: ["sh", "-c", script])
    var successor = try Successor(by: program, sockets: sockets)
    for _ in 0..<1000 {
      let news = successor.look()
      if news != .none { return (news, successor.said) }
      usleep(10_000)
    }
    return (.none, successor.said)
  }

  @Test(arguments: ["echo ready >&$word; echo process 17 >&$word", "printf 'process 17\nrea' >&$word; echo dy >&$word"])
  func oneThatServes(_ words: String) throws {
    let (told, said) = try news("word=${LOBBYIST_HANDOVER%%:*}; echo well >&2; \(words); exec sleep 60")
    #expect(told == .ready && said == "well\n")
  }

  @Test(arguments: [
    "echo ready", "echo process 17", "printf 'process 17\nready'", "echo process x; echo ready",
    "yes | head -c 70; echo process 17; echo ready",
  ])
  func wordsThatAreNotEnough(_ words: String) throws {
    let (told, _) = try news("{ \(words); } >&${LOBBYIST_HANDOVER%%:*}; exit 0")
    #expect(told == .ended(.exited(0)))
  }

  @Test(arguments: [("exit 3", ChildProcess.End.exited(3)), ("kill -9 $$", .killed(signal: 9))])
  func oneThatEnds(_ script: String, _ end: ChildProcess.End) throws {
    let (told, said) = try news("echo why >&2; \(script)")
    #expect(told == .ended(end) && said == "why\n")
  }

  @Test func oneThatSaysSoAndEnds() throws {
    let (told, _) = try news("{ echo process 17; echo ready; } >&${LOBBYIST_HANDOVER%%:*}; exit 0")
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

  /// The descriptor for that stands behind the other two; it is written when the parent is gone.
  @Test func whatIsKeptForIt() throws {
    let script = "test $LOBBYIST_KEPT = 5 && echo process $$ >&3 && echo ready >&3 && exec sleep 60"
    var successor = try Successor(by: Program(path: "/bin/sh", arguments: ["sh", "-c", script]), sockets: [])
    while successor.look() == .none { usleep(10_000) }
    let number = successor.number ?? 0
    let memory = open("/proc/\(number)/fd/5", O_RDONLY)
    defer { close(memory) }
    successor.release(leaving: Array("kept\n".utf8))
    #expect(FileSystem.read(from: memory, bytesMax: 100) == Array("kept\n".utf8))
    #expect(FileSystem.target(ofLink: "/proc/\(number)/exe") == nil)
  }

  @Test func whatIsNotThereIsRefusedAtOnce() throws {
    let program = Program(path: "/nonexistent/program", arguments: ["program"])
    #expect(throws: SystemError.self) { _ = try Successor(by: program, sockets: []) }
  }
}
