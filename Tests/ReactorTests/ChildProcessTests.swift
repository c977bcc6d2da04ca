import Glibc
import Testing

@testable import Reactor

/// Children are this test program, which ends by itself when it does not understand its arguments.
@Suite struct ChildProcessTests {
  private func start() throws -> ChildProcess {
    var template = Array("/tmp/child-XXXXXX".utf8CString)
    _ = mkdtemp(&template)
    let folder = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    defer {
      unlink(folder + "/output")
      rmdir(folder)
    }
    return try ChildProcess(running: ["--help"], output: folder + "/output")
  }

  /// Waits until the process has ended.
  private func awaitEnd(_ descriptor: Int32) {
    var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    #expect(poll(&watched, 1, 20_000) == 1)
  }

  @Test func itsEndIsToldOnce() throws {
    var child = try start()
    child.kill()
    awaitEnd(child.descriptor.number)
    #expect(child.take() == .killed(signal: SIGKILL))
    #expect(child.take() == nil)
    child.kill()
  }

  /// As the kernel does when SIGCHLD is ignored.
  @Test func anEndThatSomebodyElseHasTakenIsAnEnd() throws {
    var child = try start()
    child.kill()
    awaitEnd(child.descriptor.number)
    var about = siginfo_t()
    // P_PIDFD, waitid(2)
    #expect(waitid(idtype_t(3), id_t(child.descriptor.number), &about, WEXITED) == 0)
    #expect(child.take() == .unknown)
    #expect(child.take() == nil)
    child.kill()
  }
}
