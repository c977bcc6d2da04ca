import Glibc

/// A server that the bench has started. It is terminated when the last reference goes.
final class ServerProcess {
  let pid: Int32
  let port: UInt16
  private let log: Int32
  private static let patienceSeconds = 10.0

  /// Starts `arguments[0]` and waits until it says where it listens. `pinned` keeps it on the server's core, and
  /// the calling thread on the generator's from then on.
  init(_ arguments: [String], environment: [String] = [], pinned: Bool = false) throws(BenchError) {
    let log = try Self.openLog()
    if pinned { Cores.pin(to: Cores.server) }
    defer { if pinned { Cores.pin(to: Cores.generator) } }
    let pid = try Self.spawn(arguments, environment, log)
    let patience = LoadGenerator.now() + UInt64(Self.patienceSeconds * 1e9)
    while true {
      let said = ProcessClock.readAll(log)
      if let port = listeningPort(in: said) {
        self.pid = pid
        self.port = port
        self.log = log
        return
      }
      var status: Int32 = 0
      let gone = unsafe waitpid(pid, &status, WNOHANG) == pid
      if gone || LoadGenerator.now() > patience {
        if !gone { Self.terminate(pid) }
        close(log)
        let told = said.isEmpty ? "nothing" : said
        throw .server("'\(arguments.joined(separator: " "))' did not start to listen; it said: \(told)")
      }
      usleep(5000)
    }
  }

  deinit {
    Self.terminate(pid)
    close(log)
  }

  /// What it has said so far.
  var said: String { ProcessClock.readAll(log) }

  private static func terminate(_ pid: Int32) {
    kill(pid, SIGTERM)
    for _ in 0..<200 {
      var status: Int32 = 0
      if unsafe waitpid(pid, &status, WNOHANG) != 0 { return }
      usleep(10_000)
    }
    kill(pid, SIGKILL)
    _ = waitpid(pid, nil, 0)
  }

  /// A file without a name: the server can log as much as it likes and nobody has to read along.
  private static func openLog() throws(BenchError) -> Int32 {
    var template = Array("/tmp/lobbyist-bench-XXXXXX".utf8CString)
    let descriptor = unsafe mkstemp(&template)
    guard descriptor >= 0 else { throw .system(call: "mkstemp", code: errno) }
    _ = unsafe unlink(template)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    _ = fcntl(descriptor, F_SETFL, O_APPEND)
    return descriptor
  }

  private static func spawn(
    _ arguments: [String], _ environment: [String], _ log: Int32
  ) throws(BenchError) -> Int32 {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_adddup2(&actions, log, 1)
    unsafe posix_spawn_file_actions_adddup2(&actions, log, 2)

    // Whoever runs the bench may block SIGTERM; the server must not inherit that.
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    var nothing = sigset_t()
    unsafe sigemptyset(&nothing)
    unsafe posix_spawnattr_setsigmask(&attributes, &nothing)
    unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))

    var inherited: [String] = []
    var next = unsafe environ
    while let variable = unsafe next.pointee {
      inherited.append(unsafe String(cString: variable))
      unsafe next += 1
    }
    // In front, so that they win: getenv finds the first.
    var variables = unsafe (environment + inherited).map { unsafe strdup($0) } + [nil]
    var words = unsafe arguments.map { unsafe strdup($0) } + [nil]
    defer {
      for index in unsafe words.indices { unsafe free(words[index]) }
      for index in unsafe variables.indices { unsafe free(variables[index]) }
    }
    var pid: Int32 = 0
    let status = unsafe posix_spawnp(&pid, arguments[0], &actions, &attributes, &words, &variables)
    guard status == 0 else { throw .system(call: "start \(arguments[0])", code: status) }
    return pid
  }
}

extension ServerProcess {
  /// Where the relay's admin listener is, once it has said so: after where it listens itself.
  func adminPort() throws(BenchError) -> UInt16 {
    for _ in 0..<200 {
      // The last piece may be half a line, so half a port.
      for line in said.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
        guard line.hasPrefix("admin on "), let colon = line.lastIndex(of: ":") else { continue }
        if let port = UInt16(line[colon...].dropFirst().prefix(while: \.isNumber)) { return port }
      }
      usleep(5000)
    }
    throw .server("the relay does not say where its admin listener is; it said: \(said)")
  }
}

/// The port in the first line that says "listening" and names one. A line about an admin listener is passed over.
func listeningPort(in log: String) -> UInt16? {
  // The last piece may be half a line, so half a port.
  for line in log.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
    let words = line.lowercased()
    guard !words.contains("admin"), var rest = words.firstRange(of: "listening").map({ words[$0.upperBound...] })
    else { continue }
    while let colon = rest.firstIndex(of: ":") {
      rest = rest[rest.index(after: colon)...]
      if let port = UInt16(rest.prefix { $0.isASCII && $0.isNumber }), port > 0 { return port }
    }
  }
  return nil
}
