import CLinux
import Glibc

/// Which cores work for whom: the server on one, the generator on another, so that neither takes the other's time.
enum Cores {
  static let server = 0
  static let generator = 1

  static var online: Int { sysconf(Int32(_SC_NPROCESSORS_ONLN)) }

  private typealias SetAffinity = @convention(c) (pid_t, Int, UnsafeRawPointer) -> Int32

  /// Keeps the calling thread, and whatever it starts from now on, on one core. False when that cannot be done.
  ///
  /// The Glibc module does not show `sched_setaffinity`, which is always in the C library; hence the look-up by name.
  @discardableResult
  static func pin(to core: Int) -> Bool {
    guard online >= 2, core < 64, let symbol = unsafe dlsym(nil, "sched_setaffinity") else { return false }
    let setAffinity = unsafe unsafeBitCast(symbol, to: SetAffinity.self)
    var mask = UInt64(1) << UInt64(core)
    return unsafe setAffinity(0, MemoryLayout<UInt64>.size, &mask) == 0
  }
}
