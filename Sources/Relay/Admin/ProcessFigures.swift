import Glibc

/// What the kernel knows of this process, by the names that Prometheus' own clients use.
enum ProcessFigures {
  /// When the process has begun, in seconds since 1970, is whoever asks to know.
  static func add(to page: inout MetricsText, startedAt: Double) {
    page.add(
      "process_start_time_seconds", .gauge, "Start time of the process since unix epoch in seconds.",
      [.init(seconds: startedAt)])
    page.add(
      "process_cpu_seconds_total", .counter, "Total user and system CPU time spent in seconds.",
      [.init(seconds: cpuSeconds)])
    if let pages = memoryPages {
      let size = sysconf(Int32(_SC_PAGESIZE))
      page.add("process_virtual_memory_bytes", .gauge, "Virtual memory size in bytes.", pages.virtual * size)
      page.add("process_resident_memory_bytes", .gauge, "Resident memory size in bytes.", pages.resident * size)
    }
    if let count = openDescriptors { page.add("process_open_fds", .gauge, "Number of open file descriptors.", count) }
    if let most = descriptorsMax {
      page.add("process_max_fds", .gauge, "Maximum number of open file descriptors.", most)
    }
  }

  /// clock_gettime(2)
  private static var cpuSeconds: Double {
    var time = timespec()
    guard unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return 0 }
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// The first two numbers of /proc/self/statm. proc(5)
  private static var memoryPages: (virtual: Int, resident: Int)? {
    let descriptor = unsafe open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 128)
    let count = unsafe bytes.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
    let numbers = bytes.prefix(max(0, count)).split(separator: 0x20).prefix(2).compactMap {
      Int(String(decoding: $0, as: UTF8.self))
    }
    return numbers.count == 2 ? (numbers[0], numbers[1]) : nil
  }

  /// As Linux tells it since 6.2 without listing them all, which would take long with 100,000 connections; nil before.
  private static var openDescriptors: Int? {
    var status = stat()
    guard unsafe stat("/proc/self/fd", &status) == 0, status.st_size > 0 else { return nil }
    return Int(status.st_size)
  }

  private static var descriptorsMax: UInt64? {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
    return UInt64(limit.rlim_cur)
  }
}
