import CLinux
import Glibc

/// A process that is to take this one's sockets over: the program that is now where this one was started from. It has
/// the same arguments, environment and folder, and says when it serves. A `SuccessorParent` stands in between.
public struct Successor: ~Copyable {
  public enum News: Equatable, Sendable {
    case none
    /// It serves.
    case ready
    /// It has ended before that.
    case ended(ChildProcess.End)
  }

  /// Bytes of what it says on standard error that are kept.
  private static let saidBytesMax = 4096
  /// Bytes of its word, and of what its parent says.
  private static let wordBytesMax = 64
  /// How often its standard error is read at a time: all that a pipe holds.
  private static let readsMax = 16

  private var parent: ChildProcess
  /// Nil once the other end is closed.
  private var ready: PipeEnd?
  private var errors: PipeEnd?
  /// Bytes that both have, but that are in no file.
  private let memory: Descriptor
  private var word: [UInt8] = []
  private var bytes: [UInt8] = []
  private var isReleased = false

  /// Starts it with these sockets, which stay this process's as well.
  public init(_ program: Program, sockets: [(number: Int32, name: String)]) throws(SystemError) {
    try self.init(by: SuccessorParent.starting(program), sockets: sockets)
  }

  init(by parent: Program, sockets: [(number: Int32, name: String)]) throws(SystemError) {
    let ready = try Pipe()
    let errors = try Pipe()
    let memory = try Self.memory()
    self.parent = try Self.start(
      parent, sockets, [ready.writing.number, STDERR_FILENO, memory.number], errors.writing.number)
    self.memory = memory
    self.ready = ready.reading
    self.errors = errors.reading
  }

  /// Watches whatever is readable when there is news.
  public func watch(with reactor: inout Reactor, _ token: Token) throws(SystemError) {
    try reactor.add(parent.descriptor, .reading, token)
    if let ready { try reactor.add(ready.descriptor, .reading, token) }
    if let errors { try reactor.add(errors.descriptor, .reading, token) }
  }

  /// What has come of it. What it says on standard error is passed on to this process's, as far as somebody reads that.
  public mutating func look() -> News {
    // The end first: what was said before it is there by then.
    let end = parent.take()
    listen()
    if let end { return .ended(end) }
    if let said = ready?.read() {
      if said.isEmpty { ready = nil }
      word += said.prefix(Self.wordBytesMax - word.count)
    }
    return lines.contains("ready") && number != nil ? .ready : .none
  }

  /// What it and its parent have said, without what may go on.
  private var lines: [Substring] {
    String(decoding: word, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).dropLast()
  }

  /// The process that is to take over; nil until it is started.
  public var number: Int? {
    lines.lazy.compactMap { $0.hasPrefix(SuccessorParent.word) ? Int($0.dropFirst(SuccessorParent.word.count)) : nil }
      .first
  }

  private mutating func listen() {
    for _ in 0..<Self.readsMax {
      guard let said = errors?.read() else { return }
      guard !said.isEmpty else {
        errors = nil
        return
      }
      _ = unsafe said.withUnsafeBytes { unsafe FileSystem.offer($0, to: STDERR_FILENO) }
      bytes += said.prefix(Self.saidBytesMax - bytes.count)
    }
  }

  /// The beginning of what it has said on standard error.
  public var said: String { String(decoding: bytes, as: UTF8.self) }

  /// Leaves it to itself, as a child of whoever adopts orphans. It goes on when this is gone, and learns by that that it
  /// is alone; what it then finds kept for it are these bytes, or fewer where there is no memory left.
  public mutating func release(leaving kept: [UInt8]) {
    parent.dismiss()
    isReleased = true
    _ = FileSystem.write(kept, into: memory.number)
  }

  /// Whatever it has started goes with it, or that would keep the sockets.
  deinit { if !isReleased { _ = kill(-parent.number, SIGKILL) } }

  // MARK: Starting

  /// memfd_create(2)
  private static func memory() throws(SystemError) -> Descriptor {
    // MFD_CLOEXEC
    let number = unsafe linux_memfd_create(Inheritance.memoryName, 1)
    guard number >= 0 else { throw SystemError("memfd_create", errno) }
    return Descriptor(adopting: number)
  }

  private static func start(
    _ program: Program, _ sockets: [(number: Int32, name: String)], _ more: [Int32], _ errors: Int32
  ) throws(SystemError) -> ChildProcess {
    let count = sockets.count
    // Behind the sockets come the pipe for its word, the real standard error and what is kept for it; its own standard
    // error is the other pipe.
    let given = sockets.map(\.number) + more + [errors]
    let places = given.indices.dropLast().map { Inheritance.first + Int32($0) } + [STDERR_FILENO]
    // All get numbers behind those that they have there, so that none is in the way of another.
    var moves: [(from: Int32, to: Int32)] = []
    defer { for move in moves { close(move.from) } }
    for (number, place) in zip(given, places) {
      let copy = fcntl(number, F_DUPFD_CLOEXEC, Inheritance.first + Int32(given.count))
      guard copy >= 0 else { throw SystemError("fcntl", errno) }
      moves.append((copy, place))
    }
    let own = [
      "LISTEN_FDS=\(count)", "LISTEN_FDNAMES=\(sockets.map(\.name).joined(separator: ":"))",
      "\(Inheritance.handOver)=\(places[count]):\(places[count + 1])", "\(Inheritance.kept)=\(places[count + 2])",
    ]
    return try ChildProcess(watching: spawn(program, moves, environment: environment + own))
  }

  /// This process's, without what is about its own beginning. The watchdog is to watch the other.
  private static var environment: [String] {
    let left = Inheritance.variables + ["WATCHDOG_PID"]
    return Spawn.environment.filter { entry in !left.contains { entry.hasPrefix($0 + "=") } }
  }

  /// `moves` are descriptors and the numbers that they have there.
  private static func spawn(
    _ program: Program, _ moves: [(from: Int32, to: Int32)], environment: [String]
  ) throws(SystemError) -> pid_t {
    var ignored = sigset_t()
    unsafe sigemptyset(&ignored)
    unsafe sigaddset(&ignored, SIGPIPE)
    let (number, code) = unsafe Spawn.start(
      program.path, program.arguments, environment: environment, resetting: ignored
    ) { actions in
      for move in moves { unsafe posix_spawn_file_actions_adddup2(actions, move.from, move.to) }
    }
    guard code == 0 else {
      throw SystemError("posix_spawn", code, "\(program.path) cannot be started: \(SystemError.text(of: code))")
    }
    return number
  }
}

/// Both ends of a pipe that children do not inherit.
private struct Pipe: ~Copyable {
  let reading: PipeEnd
  let writing: Descriptor

  /// pipe(2)
  init() throws(SystemError) {
    var ends: [Int32] = [0, 0]
    guard unsafe pipe(&ends) == 0 else { throw SystemError("pipe", errno) }
    reading = PipeEnd(Descriptor(adopting: ends[0]))
    writing = Descriptor(adopting: ends[1])
    for number in ends { _ = fcntl(number, F_SETFD, FD_CLOEXEC) }
    _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
  }
}

/// What is read from a pipe without waiting.
private final class PipeEnd {
  let descriptor: Descriptor

  init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }

  /// Nil when there is nothing now; empty when there never will be.
  func read() -> [UInt8]? {
    var room = [UInt8](repeating: 0, count: 4096)
    while true {
      // The kernel writes no more than there is room.
      let count = unsafe Glibc.read(descriptor.number, &room, room.count)
      if count >= 0 { return Array(room.prefix(count)) }
      if errno != EINTR { return nil }
    }
  }
}
