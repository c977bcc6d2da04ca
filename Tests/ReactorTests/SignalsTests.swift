import Glibc
import Testing

@testable import Reactor

@Suite struct SignalsTests {
  /// In a process of its own, as it changes the mask. A signal for the whole process would go to one of the test
  /// library's threads, which do not block it, so it is sent to the thread that does, as a process with one thread gets it.
  @Test func signalsAreRead() async {
    await #expect(processExitsWith: .success) {
      let signals = try Signals()
      var reactor = try Reactor()
      let token = Token(slot: 3, generation: 4)
      try reactor.add(signals.descriptor, .reading, token)
      guard signals.next() == nil, try reactor.wait(until: 0) == 0 else { exit(2) }
      for signal in Signal.allCases {
        raise(signal.rawValue)
        guard try reactor.wait(until: Clock.milliseconds + 2000) == 1 else { exit(3) }
        guard reactor.event(0).token == token, signals.next() == signal, signals.next() == nil else { exit(4) }
      }
      raise(SIGHUP)
      raise(SIGHUP)
      raise(SIGTERM)
      var arrived = Set<Signal>()
      while let signal = signals.next() { guard arrived.insert(signal).inserted else { exit(5) } }
      guard arrived == [.hangup, .terminate], try reactor.wait(until: 0) == 0 else { exit(6) }
      exit(0)
    }
  }

  @Test func aBrokenPipeIsOnlyAnError() async {
    await #expect(processExitsWith: .success) {
      let signals = try Signals()
      var ends: [Int32] = [0, 0]
      try #require(pipe(&ends) == 0)
      close(ends[0])
      guard write(ends[1], &ends, 1) == -1, errno == EPIPE, signals.next() == nil else { exit(2) }
      exit(0)
    }
  }
}
