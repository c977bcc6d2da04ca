import Glibc

/// What the kernel knows about a process.
enum ProcessClock {
  /// CPU time of all living threads in nanoseconds, from the scheduler's own account; nil when there is no such process.
  static func cpuNanoseconds(_ pid: Int32) -> UInt64? { account(pid, field: 0) }

  /// Time that its threads could have run and had no core, because other processes had it.
  static func waitedNanoseconds(_ pid: Int32) -> UInt64? { account(pid, field: 1) }

  private static func account(_ pid: Int32, field: Int) -> UInt64? {
    let tasks = entries(of: "/proc/\(pid)/task")
    let times = tasks.compactMap { task in
      read("/proc/\(pid)/task/\(task)/schedstat")?.split(separator: " ").dropFirst(field).first.flatMap { UInt64($0) }
    }
    return times.isEmpty ? nil : times.reduce(0, +)
  }

  /// Resident memory in bytes (VmRSS).
  static func residentBytes(_ pid: Int32) -> Int? {
    guard let status = read("/proc/\(pid)/status") else { return nil }
    for line in status.split(separator: "\n") where line.hasPrefix("VmRSS:") {
      return line.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 * 1024 }
    }
    return nil
  }

  /// CPU time of the calling thread in nanoseconds.
  static func ownNanoseconds() -> UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  private static func entries(of folder: String) -> [String] {
    guard let stream = unsafe opendir(folder) else { return [] }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
        unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names
  }

  private static func read(_ path: String) -> String? {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    return readAll(descriptor)
  }

  /// Everything in an open file, from its start.
  static func readAll(_ descriptor: Int32) -> String {
    var text: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 8192)
    while true {
      let got = unsafe chunk.withUnsafeMutableBytes {
        unsafe pread(descriptor, $0.baseAddress, $0.count, off_t(text.count))
      }
      guard got > 0 else { return String(decoding: text, as: UTF8.self) }
      text += chunk[..<got]
    }
  }
}
