import CLinux
import Glibc

/// SIGTERM, SIGINT, SIGHUP and SIGUSR2 as something to read from the loop instead of an interruption.
public struct Signals: ~Copyable {
  /// Readable while a signal waits.
  public let descriptor: Descriptor

  /// Blocks the four signals in the calling thread and those it starts from here on, so it belongs before any other
  /// thread. SIGPIPE is ignored in the whole process: a write to a lost connection answers EPIPE.
  /// pthread_sigmask(3), signalfd(2)
  public init() throws(SystemError) {
    // Every pointer is to a local set, initialised by sigemptyset.
    var set = sigset_t()
    unsafe sigemptyset(&set)
    for signal in Signal.allCases { unsafe sigaddset(&set, signal.number) }
    let refused = unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
    guard refused == 0 else { throw SystemError("pthread_sigmask", refused) }
    _ = signal(SIGPIPE, SIG_IGN)
    let opened = unsafe signalfd(-1, &set, Int32(SFD_NONBLOCK | SFD_CLOEXEC))
    guard opened >= 0 else { throw SystemError("signalfd", errno) }
    descriptor = Descriptor(adopting: opened)
  }

  /// Takes the next signal; nil when none waits. Equal signals that wait together are one.
  public func next() -> Signal? {
    while true {
      var arrival = signalfd_siginfo()
      // signalfd answers whole records only, of the size asked for.
      let size = MemoryLayout<signalfd_siginfo>.size
      let count = unsafe Glibc.read(descriptor.number, &arrival, size)
      if count == size { return Signal(Int32(arrival.ssi_signo)) }
      guard count < 0 && errno == EINTR else { return nil }
    }
  }
}

/// What an operator or a service manager can tell a running relay.
public enum Signal: CaseIterable, Sendable {
  case terminate
  case interrupt
  case hangup
  case upgrade

  /// SIGTERM, SIGINT, SIGHUP, SIGUSR2.
  public var number: Int32 {
    switch self {
    case .terminate: SIGTERM
    case .interrupt: SIGINT
    case .hangup: SIGHUP
    case .upgrade: SIGUSR2
    }
  }

  init?(_ number: Int32) {
    guard let signal = Self.allCases.first(where: { $0.number == number }) else { return nil }
    self = signal
  }
}
