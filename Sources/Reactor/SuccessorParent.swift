import Glibc

/// The process between a relay and the one that is to take over from it. It starts that one, and ends as that one ends.
/// When it is ended itself, the other belongs to whoever adopts orphans.
///
/// systemd does so for its services, and looks after a main process that is its own child. Of one that was another's
/// when it first heard of it, it does not notice the end, and when the service is ended, SIGKILL follows SIGTERM at once.
public enum SuccessorParent {
  /// The word on the command line, which is for the relay only.
  public static let command = "successor"
  /// What it says, with a number and a line's end, where the successor says that it serves.
  static let word = "process "

  /// How it is to be started for this program.
  static func starting(_ program: Program) -> Program {
    Program(path: Spawn.own, arguments: ["lobbyist", command, "\(getpid())", program.path] + program.arguments)
  }

  /// The whole life of it; nil, with nothing done, for arguments that are not the relay's. Answers the exit code.
  public static func run(_ arguments: [String]) -> Int32? {
    guard arguments.count > 2, let relay = Int(arguments[0]), let ready = (try? Inheritance.given())?.handOver?.ready
    else { return nil }
    guard ChildBeginnings.dieWithParent(relay) else { return EXIT_FAILURE }
    var none = sigset_t()
    unsafe sigemptyset(&none)
    // In this one's group, so that they can be ended together.
    let (number, code) = unsafe Spawn.start(
      arguments[1], Array(arguments[2...]), environment: Spawn.environment, inOwnGroup: false, resetting: none
    ) { _ in }
    guard code == 0 else {
      let reason = "\(arguments[1]) cannot be started: \(SystemError.text(of: code))\n"
      _ = FileSystem.write(Array(reason.utf8), into: STDERR_FILENO)
      return EXIT_FAILURE
    }
    _ = FileSystem.write(Array("\(word)\(number)\n".utf8), into: ready)
    close(ready)
    var status: Int32 = 0
    _ = unsafe ChildProcess.wait(for: number, &status, 0)
    return end(as: status)
  }

  /// Ends this process by the signal that has ended the other, or answers its exit code. wait(2)
  private static func end(as status: Int32) -> Int32 {
    let number = status & 0x7F
    guard number != 0 else { return status >> 8 & 0xFF }
    ChildBeginnings.leaveNoCore()
    signal(number, SIG_DFL)
    kill(getpid(), number)
    return EXIT_FAILURE
  }
}
