import Glibc
import Testing

@testable import Reactor

@Suite struct ClockTests {
  @Test func unitsAgree() {
    let before = Clock.nanoseconds
    let milliseconds = Clock.milliseconds
    let after = Clock.nanoseconds
    #expect((before / 1_000_000...after / 1_000_000).contains(milliseconds))
    #expect(abs(Clock.wallSeconds - Int64(time(nil))) <= 1)
  }

  @Test func sleepMovesIt() {
    let before = Clock.nanoseconds
    usleep(2000)
    #expect(Clock.nanoseconds - before >= 2_000_000)
  }

  @Test func errorsSaySomething() {
    #expect(SystemError("epoll_wait", EBADF).description == "epoll_wait failed: Bad file descriptor")
    #expect(SystemError("socket", EMFILE).description.hasSuffix("raise the limit with ulimit -n"))
    #expect(SystemError("x", 12345).description.contains("12345"))
  }
}
