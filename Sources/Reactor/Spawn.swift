import CLinux
import Glibc

/// Starts programs. posix_spawn(3)
enum Spawn {
  /// This program, whatever file is in its place by now.
  static let own = "/proc/self/exe"

  /// Starts one with no signal blocked: what this process has blocked is its own affair. `path` is the program's,
  /// `arguments` its name among them.
  ///
  /// - Parameters:
  ///   - inOwnGroup: in a process group of its own, so that all of it can be ended.
  ///   - resetting: the signals that it does not ignore, though this process may.
  ///   - arrange: says what becomes of its descriptors.
  static func start(
    _ path: String, _ arguments: [String], environment: [String], inOwnGroup: Bool = true, resetting: sigset_t,
    _ arrange: (UnsafeMutablePointer<posix_spawn_file_actions_t>) -> Void
  ) -> (number: pid_t, code: Int32) {
    // Each of the two is initialised by its call before anything else has its address, and destroyed at the end.
    var attributes = posix_spawnattr_t()
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawnattr_init(&attributes)
    unsafe posix_spawn_file_actions_init(&actions)
    defer {
      unsafe posix_spawnattr_destroy(&attributes)
      unsafe posix_spawn_file_actions_destroy(&actions)
    }
    var none = sigset_t()
    var reset = resetting
    unsafe sigemptyset(&none)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    unsafe posix_spawnattr_setsigdefault(&attributes, &reset)
    let group = inOwnGroup ? POSIX_SPAWN_SETPGROUP : 0
    let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | group
    unsafe posix_spawnattr_setflags(&attributes, Int16(flags))
    unsafe arrange(&actions)
    var number: pid_t = 0
    let code = unsafe withStrings(arguments) { arguments in
      unsafe withStrings(environment) { environment in
        unsafe posix_spawn(&number, path, &actions, &attributes, arguments, environment)
      }
    }
    return (number, code)
  }

  /// This process's environment.
  static var environment: [String] {
    // A list of C strings that ends with NULL; nobody changes it meanwhile, as there is one thread that would.
    var next = unsafe linux_environment()
    var found: [String] = []
    while let entry = unsafe next?.pointee {
      unsafe found.append(String(cString: entry))
      unsafe next = next?.advanced(by: 1)
    }
    return found
  }

  /// Lends texts as a list of C strings that ends with NULL.
  private static func withStrings(
    _ texts: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Int32
  ) -> Int32 {
    var strings = unsafe texts.map { unsafe strdup($0) } + [nil]
    defer { for index in texts.indices { unsafe free(strings[index]) } }
    return unsafe strings.withUnsafeMutableBufferPointer { list in
      guard let base = list.baseAddress else { preconditionFailure("a list with an end is not empty") }
      return unsafe body(base)
    }
  }
}
