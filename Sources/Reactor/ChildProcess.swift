import CLinux
import Glibc

/// A process that this one has started, and whose end can be waited for in the loop.
public struct ChildProcess: ~Copyable {
  public enum End: Equatable, Sendable {
    case exited(Int32)
    case killed(signal: Int32)
    /// Somebody else in this process has taken its end, which then nobody knows.
    case unknown
  }

  /// Readable once the process has ended.
  public let descriptor: Descriptor
  public let number: pid_t
  private var isTaken = false

  /// Starts this program again, as `/proc/self/exe` says it, with these arguments. It has no environment and no input,
  /// a process group of its own, signals as at a login, and prints into a new file. posix_spawn(3), pidfd_open(2)
  public init(running arguments: [String], output: String) throws(SystemError) {
    try self.init(watching: try Self.spawn(["lobbyist"] + arguments, output))
  }

  /// Takes over a process that has just been started, and ends it when that fails.
  init(watching number: pid_t) throws(SystemError) {
    // The process can have ended, but nobody has taken its end, so that the number is still its own.
    let opened = linux_syscall(Int(SYS_pidfd_open), Int(number), 0, 0, 0)
    guard opened >= 0 else {
      let code = errno
      Self.end(number)
      throw SystemError("pidfd_open", code)
    }
    _ = fcntl(Int32(opened), F_SETFD, FD_CLOEXEC)
    self.number = number
    descriptor = Descriptor(adopting: Int32(opened))
  }

  deinit { if !isTaken { end() } }

  /// Ends it by SIGKILL, and has it gone.
  private func end() {
    kill()
    _ = unsafe Self.wait(for: number, nil, 0)
  }

  /// Ends one that nobody has taken the end of.
  private static func end(_ number: pid_t) {
    _ = Glibc.kill(number, SIGKILL)
    _ = unsafe wait(for: number, nil, 0)
  }

  /// waitpid(2), whatever signals come.
  static func wait(for number: pid_t, _ status: UnsafeMutablePointer<Int32>?, _ options: Int32) -> pid_t {
    while true {
      let answer = unsafe waitpid(number, status, options)
      if answer >= 0 || errno != EINTR { return answer }
    }
  }

  private static func spawn(_ words: [String], _ output: String) throws(SystemError) -> pid_t {
    var all = sigset_t()
    unsafe sigfillset(&all)
    let writing = O_WRONLY | O_CREAT | O_EXCL
    let (number, code) = unsafe Spawn.start(Spawn.own, words, environment: [], resetting: all) { actions in
      unsafe posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
      unsafe posix_spawn_file_actions_addopen(actions, STDOUT_FILENO, output, writing, 0o600)
      unsafe posix_spawn_file_actions_adddup2(actions, STDOUT_FILENO, STDERR_FILENO)
    }
    guard code == 0 else { throw SystemError("posix_spawn", code) }
    return number
  }

  /// How the process has ended; nil while it runs, and when it has been told already.
  public mutating func take() -> End? {
    guard !isTaken else { return nil }
    var status: Int32 = 0
    let answer = unsafe Self.wait(for: number, &status, WNOHANG)
    if answer == 0 { return nil }
    isTaken = true
    // ECHILD: its end is taken. With SIGCHLD ignored the kernel does that.
    guard answer == number else { return .unknown }
    // wait(2): the low seven bits are the signal, the next byte is the exit code.
    let signal = status & 0x7F
    return signal == 0 ? .exited(status >> 8 & 0xFF) : .killed(signal: signal)
  }

  /// Whether there is a process of this number, though its end may only wait to be taken. kill(2)
  public static func isThere(_ number: Int) -> Bool { Glibc.kill(pid_t(number), 0) == 0 || errno == EPERM }

  /// Ends it by SIGKILL, and has it gone; nothing is told of that.
  mutating func dismiss() {
    if !isTaken { end() }
    isTaken = true
  }

  /// Ends it by SIGKILL, which `take` will tell. By its descriptor: its number may be another's by now.
  /// pidfd_send_signal(2)
  public func kill() {
    _ = linux_syscall(Int(SYS_pidfd_send_signal), Int(descriptor.number), Int(SIGKILL), 0, 0)
  }
}

/// The first steps of a process that has children, and of one that `ChildProcess` has started.
public enum ChildBeginnings {
  /// Has the kernel keep the ends of children until they are taken, whatever whoever started this process wants: an
  /// ignored SIGCHLD is inherited. wait(2)
  public static func keepEnds() { signal(SIGCHLD, SIG_DFL) }

  /// Ends this process with the one that has started it; false when that is gone already. prctl(2)
  public static func dieWithParent(_ parent: Int) -> Bool {
    _ = linux_prctl(PR_SET_PDEATHSIG, UInt(SIGKILL))
    return Int(getppid()) == parent
  }

  /// Takes what may be spent: seconds of the processor, bytes of memory and of each file; and gives way to others.
  /// Files that grow too large are errors, not signals; at the end of those seconds comes SIGXCPU, and a second later
  /// SIGKILL. setrlimit(2)
  public static func limit(seconds: Int, memoryBytes: Int, fileBytes: Int) {
    signal(SIGXFSZ, SIG_IGN)
    signal(SIGPIPE, SIG_IGN)
    _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10)
    set(RLIMIT_CPU, seconds, atMost: seconds + 1)
    #if !SANITIZED
      // A sanitizer's notes on memory lie all over the addresses there are.
      set(RLIMIT_AS, memoryBytes)
    #endif
    set(RLIMIT_FSIZE, fileBytes)
    leaveNoCore()
  }

  /// Whatever signal ends this process, nothing is written of it.
  static func leaveNoCore() { set(RLIMIT_CORE, 0) }

  private static func set(_ name: __rlimit_resource, _ value: Int, atMost: Int? = nil) {
    var limit = rlimit(rlim_cur: rlim_t(value), rlim_max: rlim_t(atMost ?? value))
    _ = unsafe setrlimit(__rlimit_resource_t(name.rawValue), &limit)
  }
}
