import Glibc

/// The two clocks of the relay: one that only goes forward, for deadlines, and one for people.
public enum Clock {
  /// Milliseconds since some fixed moment, never going back (CLOCK_MONOTONIC).
  public static var milliseconds: UInt64 { nanoseconds / 1_000_000 }

  /// Nanoseconds on the same clock as ``milliseconds``.
  public static var nanoseconds: UInt64 {
    let now = read(CLOCK_MONOTONIC)
    return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
  }

  /// Seconds since 1970, for logs and tokens; the operator may set it back.
  public static var wallSeconds: Int64 { Int64(read(CLOCK_REALTIME).tv_sec) }

  /// The same with its fraction.
  public static var wallTime: Double {
    let now = read(CLOCK_REALTIME)
    return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
  }

  private static func read(_ clock: clockid_t) -> timespec {
    var now = timespec()
    // The pointer is to a local that outlives the call. Both clocks exist on every Linux.
    let answer = unsafe clock_gettime(clock, &now)
    precondition(answer == 0)
    return now
  }
}
