import Glibc
import Testing

@testable import Reactor

@Suite struct WakeupTests {
  let token = Token(slot: 9, generation: 1)

  @Test func wakesUntilCleared() throws {
    let wakeup = try Wakeup()
    var reactor = try Reactor()
    try reactor.add(wakeup.descriptor, .reading, token)
    #expect(try reactor.wait(until: 0) == 0)
    #expect(!wakeup.clear())
    for _ in 0..<3 { wakeup.wake() }
    for _ in 0..<2 {
      #expect(try reactor.wait(until: 0) == 1)
      #expect(reactor.event(0).token == token)
    }
    #expect(wakeup.clear())
    #expect(!wakeup.clear())
    #expect(try reactor.wait(until: 0) == 0)
  }

  @Test func wakesAWaitFromAnotherThread() throws {
    let wakeup = try Wakeup()
    var reactor = try Reactor()
    try reactor.add(wakeup.descriptor, .reading, token)
    var thread = pthread_t()
    let started = pthread_create(
      &thread, nil,
      { argument in
        usleep(20_000)
        if let argument { Unmanaged<Wakeup>.fromOpaque(argument).takeRetainedValue().wake() }
        return nil
      }, Unmanaged.passRetained(wakeup).toOpaque())
    try #require(started == 0)
    let start = Clock.milliseconds
    #expect(try reactor.wait(until: start + 5000) == 1)
    #expect(Clock.milliseconds - start < 4000)
    #expect(pthread_join(thread, nil) == 0)
  }
}
