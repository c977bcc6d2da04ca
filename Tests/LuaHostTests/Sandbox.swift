import Glibc
import LuaHost

/// A sandbox as the tests use it: run a chunk, look at what it printed or how it failed.
final class Sandbox {
  struct Result {
    var outcome: lh_outcome
    var trip: lh_trip
    var printed: String
    var failure: String
    /// What this thread has spent on it, whatever else the machine does.
    var duration: Duration
  }

  private let pointer: OpaquePointer
  private let modules: Modules

  init?(memory: Int = 0, modules: [String: String] = [:], failFrom: UInt64 = 0, coverage: OpaquePointer? = nil) {
    self.modules = Modules(modules)
    var options = lh_options()
    options.memory_bytes_max = memory
    options.seed = (1, 2)
    options.fail_from = failFrom
    options.coverage = coverage
    options.context = Unmanaged.passUnretained(self.modules).toOpaque()
    options.resolve = { context, name, length, source in
      Unmanaged<Modules>.fromOpaque(context!).takeUnretainedValue().resolve(name!, length, source!)
    }
    options.release = { context in Unmanaged<Modules>.fromOpaque(context!).takeUnretainedValue().release() }
    guard let opened = lh_sandbox_open(&options) else { return nil }
    pointer = opened
  }

  /// Bytes that stayed accounted for.
  func close() -> Int { lh_sandbox_close(pointer) }

  var bytes: Int { lh_sandbox_bytes(pointer) }
  var allocations: UInt64 { lh_sandbox_allocations(pointer) }
  var openSources: Int { modules.open }
  func collect() { lh_sandbox_collect(pointer) }
  func fail(from allocation: UInt64) { lh_sandbox_fail_from(pointer, allocation) }
  func timeBudget(rounds: UInt64) -> UInt64 { lh_sandbox_time_budget(pointer, rounds) }

  func run(
    _ source: String, instructions: Int64 = 100_000_000, nanoseconds: Int64 = 60_000_000_000
  ) -> Result {
    let start = Self.cpuTime
    let outcome = lh_sandbox_run(pointer, "@test.lua", source, source.utf8.count, instructions, nanoseconds)
    return Result(
      outcome: outcome, trip: lh_sandbox_trip(pointer), printed: String(cString: lh_sandbox_printed(pointer)),
      failure: String(cString: lh_sandbox_failure(pointer)), duration: Self.cpuTime - start)
  }

  private static var cpuTime: Duration {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
  }
}

/// What `require` finds. Counts the sources lent and not given back.
final class Modules {
  private let sources: [String: String]
  private var lent: [UnsafeMutablePointer<CChar>] = []
  private(set) var open = 0

  init(_ sources: [String: String]) { self.sources = sources }

  func resolve(_ name: UnsafePointer<CChar>, _ length: Int, _ source: UnsafeMutablePointer<lh_source>) -> Bool {
    open += 1
    let name = String(decoding: UnsafeRawBufferPointer(start: name, count: length), as: UTF8.self)
    guard let text = sources[name] else {
      source.pointee.problem = lend("no file '\(name).lua'")
      return false
    }
    source.pointee.bytes = lend(text)
    source.pointee.length = text.utf8.count
    source.pointee.chunk_name = lend("@\(name).lua")
    return true
  }

  func release() {
    open -= 1
    for copy in lent { copy.deallocate() }
    lent = []
  }

  private func lend(_ text: String) -> UnsafePointer<CChar> {
    let copy = UnsafeMutablePointer<CChar>.allocate(capacity: text.utf8.count + 1)
    for (index, byte) in text.utf8CString.enumerated() { copy[index] = byte }
    lent.append(copy)
    return UnsafePointer(copy)
  }
}
